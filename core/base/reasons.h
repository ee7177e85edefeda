// Reasons: the one word that tells programs why a condition stands as it does, and what an event is about.
//
// Part of the API: never renamed, never given another meaning. docs/reference/reasons.md explains each and
// says what to do; reasons_test.cpp compares the two, and the simulations know no other reason. A constant
// stands in kAll too.
#pragma once

#include <string_view>

namespace berth::reason {

// A PortAllocation that is well.
inline constexpr char kNumbersHeld[] = "NumbersHeld";
inline constexpr char kServiceInPlace[] = "ServiceInPlace";
inline constexpr char kHostPort[] = "HostPort";
inline constexpr char kAwaitingPods[] = "AwaitingPods";
inline constexpr char kNothingToPublish[] = "NothingToPublish";
inline constexpr char kPoliciesInPlace[] = "PoliciesInPlace";
inline constexpr char kReady[] = "Ready";

// A PortAllocation without its numbers.
inline constexpr char kPending[] = "Pending";
inline constexpr char kRangeNotFound[] = "RangeNotFound";
inline constexpr char kRangeUnusable[] = "RangeUnusable";
inline constexpr char kRangeExhausted[] = "RangeExhausted";
inline constexpr char kRangeFragmented[] = "RangeFragmented";
inline constexpr char kCannotGrow[] = "CannotGrow";
inline constexpr char kBlockNotFound[] = "BlockNotFound";
inline constexpr char kNamespaceNotAllowed[] = "NamespaceNotAllowed";
inline constexpr char kQuotaExceeded[] = "QuotaExceeded";
inline constexpr char kPortOutsideRange[] = "PortOutsideRange";
inline constexpr char kPortReserved[] = "PortReserved";
inline constexpr char kPortTaken[] = "PortTaken";
inline constexpr char kPortResting[] = "PortResting";
inline constexpr char kPortInternal[] = "PortInternal";
inline constexpr char kPortRequestedTwice[] = "PortRequestedTwice";
inline constexpr char kLedgerFrozen[] = "LedgerFrozen";
inline constexpr char kLedgerFull[] = "LedgerFull";

// A PortAllocation that is moving from an old number to a new one.
inline constexpr char kBothServed[] = "BothServed";
inline constexpr char kMigrationEnded[] = "MigrationEnded";

// A PortAllocation that is not published or enforced.
inline constexpr char kNotAllocated[] = "NotAllocated";
inline constexpr char kPublishing[] = "Publishing";
inline constexpr char kHostPortMissing[] = "HostPortMissing";
inline constexpr char kHostPortDiffers[] = "HostPortDiffers";
inline constexpr char kHostIPDiffers[] = "HostIPDiffers";
inline constexpr char kPodOnOtherNode[] = "PodOnOtherNode";
inline constexpr char kEnforcing[] = "Enforcing";
inline constexpr char kRefused[] = "Refused";
inline constexpr char kUnprotected[] = "Unprotected";
inline constexpr char kNameTaken[] = "NameTaken";
inline constexpr char kTerminating[] = "Terminating";
inline constexpr char kConfigMapImmutable[] = "ConfigMapImmutable";
inline constexpr char kAdoptionRefused[] = "AdoptionRefused";
inline constexpr char kLoadBalancerClassImmutable[] = "LoadBalancerClassImmutable";
inline constexpr char kTargetPortUnresolved[] = "TargetPortUnresolved";
inline constexpr char kNetworkNotFound[] = "NetworkNotFound";
inline constexpr char kPeerOutsideExposure[] = "PeerOutsideExposure";
inline constexpr char kPeerUnreadable[] = "PeerUnreadable";
inline constexpr char kNotEnforceable[] = "NotEnforceable";

// PortRange.
inline constexpr char kInUse[] = "InUse";
inline constexpr char kInvalidSpec[] = "InvalidSpec";
inline constexpr char kEnoughLeft[] = "EnoughLeft";
inline constexpr char kFewLeft[] = "FewLeft";
inline constexpr char kNoneLeft[] = "NoneLeft";
inline constexpr char kAlone[] = "Alone";
inline constexpr char kSharesNumbers[] = "SharesNumbers";
inline constexpr char kNothingPending[] = "NothingPending";
inline constexpr char kNumbersInUse[] = "NumbersInUse";
inline constexpr char kNothingUndeclared[] = "NothingUndeclared";
inline constexpr char kUsedWithoutAllocation[] = "UsedWithoutAllocation";
inline constexpr char kInside[] = "Inside";
inline constexpr char kApiServerRefuses[] = "ApiServerRefuses";

// ExposurePolicy.
inline constexpr char kInForce[] = "InForce";
inline constexpr char kUnreadable[] = "Unreadable";
inline constexpr char kNothingAsked[] = "NothingAsked";
inline constexpr char kEnforceNotSupported[] = "EnforceNotSupported";
inline constexpr char kWallStands[] = "WallStands";
inline constexpr char kWallRising[] = "WallRising";
inline constexpr char kWallRefused[] = "WallRefused";
inline constexpr char kNoViolations[] = "NoViolations";
inline constexpr char kViolated[] = "Violated";
inline constexpr char kRequiredPortsShown[] = "RequiredPortsShown";
inline constexpr char kRequiredPortsNotShown[] = "RequiredPortsNotShown";
inline constexpr char kExceptionsInForce[] = "ExceptionsInForce";
inline constexpr char kExceptionExpires[] = "ExceptionExpires";
inline constexpr char kExceptionExpired[] = "ExceptionExpired";
inline constexpr char kExceptionUnused[] = "ExceptionUnused";

// Events.
inline constexpr char kPortAllocated[] = "PortAllocated";
inline constexpr char kServiceAdopted[] = "ServiceAdopted";
inline constexpr char kDriftRepaired[] = "DriftRepaired";
inline constexpr char kLedgerRebuilt[] = "LedgerRebuilt";

inline constexpr std::string_view kAll[] = {kNumbersHeld,
                                            kServiceInPlace,
                                            kHostPort,
                                            kAwaitingPods,
                                            kNothingToPublish,
                                            kPoliciesInPlace,
                                            kReady,
                                            kPending,
                                            kRangeNotFound,
                                            kRangeUnusable,
                                            kRangeExhausted,
                                            kRangeFragmented,
                                            kCannotGrow,
                                            kBlockNotFound,
                                            kNamespaceNotAllowed,
                                            kQuotaExceeded,
                                            kPortOutsideRange,
                                            kPortReserved,
                                            kPortTaken,
                                            kPortResting,
                                            kPortInternal,
                                            kPortRequestedTwice,
                                            kLedgerFrozen,
                                            kLedgerFull,
                                            kBothServed,
                                            kMigrationEnded,
                                            kNotAllocated,
                                            kPublishing,
                                            kHostPortMissing,
                                            kHostPortDiffers,
                                            kHostIPDiffers,
                                            kPodOnOtherNode,
                                            kEnforcing,
                                            kRefused,
                                            kUnprotected,
                                            kNameTaken,
                                            kTerminating,
                                            kConfigMapImmutable,
                                            kAdoptionRefused,
                                            kLoadBalancerClassImmutable,
                                            kTargetPortUnresolved,
                                            kNetworkNotFound,
                                            kPeerOutsideExposure,
                                            kPeerUnreadable,
                                            kNotEnforceable,
                                            kInUse,
                                            kInvalidSpec,
                                            kEnoughLeft,
                                            kFewLeft,
                                            kNoneLeft,
                                            kAlone,
                                            kSharesNumbers,
                                            kNothingPending,
                                            kNumbersInUse,
                                            kNothingUndeclared,
                                            kUsedWithoutAllocation,
                                            kInside,
                                            kApiServerRefuses,
                                            kInForce,
                                            kUnreadable,
                                            kNothingAsked,
                                            kEnforceNotSupported,
                                            kWallStands,
                                            kWallRising,
                                            kWallRefused,
                                            kNoViolations,
                                            kViolated,
                                            kRequiredPortsShown,
                                            kRequiredPortsNotShown,
                                            kExceptionsInForce,
                                            kExceptionExpires,
                                            kExceptionExpired,
                                            kExceptionUnused,
                                            kPortAllocated,
                                            kServiceAdopted,
                                            kDriftRepaired,
                                            kLedgerRebuilt};

// Is it one of kAll?
bool is_known(std::string_view reason);

}  // namespace berth::reason
