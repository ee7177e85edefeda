// Status of an ExposurePolicy, made from the policy itself and from what stands for it in the API server.
//
// Thread-safety: pure.
#pragma once

#include <string>

#include "core/base/instant.h"
#include "core/model/exposure_policy.h"

namespace berth::exposure {

// How far spec.enforce.admissionPolicy is carried out.
struct Enforcement {
  enum class State { kNotAsked, kRising, kStands, kRefused };
  State state = State::kNotAsked;
  std::string message = {};

  bool operator==(const Enforcement&) const = default;
};

// Ready True: InForce. False: Unreadable, naming the first entry that counts for nothing and how many there
// are; or the reason of Enforced, when spec.enforce asks for more than what is there. Reconciling is True
// while that is on its way, otherwise Stalled is True, as kstatus reads them. An unchanged status compares
// equal to the one present.
ExposurePolicyStatus make_policy_status(const ExposurePolicy& policy, const Enforcement& enforcement,
                                        Instant now);

}  // namespace berth::exposure
