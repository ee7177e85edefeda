// Status of an ExposurePolicy, made from the policy itself.
//
// Thread-safety: pure.
#pragma once

#include "core/base/instant.h"
#include "core/model/exposure_policy.h"

namespace berth::exposure {

// Ready True: InForce. False: Unreadable, naming the first entry that counts for nothing and how many there
// are; or EnforceNotSupported, when spec.enforce asks for more than the webhook. Then Enforced is False too,
// and Stalled is True in both cases, as kstatus reads it. An unchanged status compares equal to the one
// present.
ExposurePolicyStatus make_policy_status(const ExposurePolicy& policy, Instant now);

}  // namespace berth::exposure
