// Work: the keys of the operator's queue.
//
// Level-triggered: a key says what to look at, never why. Thread-safety: values.
#pragma once

#include <string>

#include "kube/runtime/work_queue.h"

namespace berth::controller {

inline constexpr char kAllocationWork[] = "allocation";  // one PortAllocation: its objects and status
inline constexpr char kNamespaceWork[] = "namespace";    // default-deny policies of one namespace
inline constexpr char kRangeWork[] = "range";            // status of one PortRange
inline constexpr char kPolicyWork[] = "policy";          // status of one ExposurePolicy
inline constexpr char kLedgerWork[] = "ledger";          // claims, releases and rests of every space

inline runtime::WorkKey allocation_work(const ObjectKey& key) { return {kAllocationWork, key}; }
inline runtime::WorkKey namespace_work(const std::string& name) { return {kNamespaceWork, {"", name}}; }
inline runtime::WorkKey range_work(const std::string& name) { return {kRangeWork, {"", name}}; }
inline runtime::WorkKey policy_work(const std::string& name) { return {kPolicyWork, {"", name}}; }
// The ledgers, with a look at everything; for one allocation, with a look at it and at those that wait. The
// queue holds only the first: see LedgerScope.
inline runtime::WorkKey ledger_work() { return {kLedgerWork, {}}; }
inline runtime::WorkKey ledger_work(const ObjectKey& allocation) { return {kLedgerWork, allocation}; }

}  // namespace berth::controller
