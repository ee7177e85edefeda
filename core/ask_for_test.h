// The ways of asking judge() that tests share.
#pragma once

#include <utility>

#include "core/admission.h"
#include "core/exposure/testing/world.h"

namespace berth::testing {

inline constexpr Instant kNow{1'795'000'000'000};  // 2026-11-18T10:40:00Z

inline Verdict create(const exposure::Facts& world, Judged object, Instant now = kNow) {
  AdmissionRequest request;
  request.object = std::move(object);
  return judge(request, world, now);
}

inline Verdict update(const exposure::Facts& world, Judged before, Judged after, Instant now = kNow) {
  AdmissionRequest request;
  request.operation = Operation::kUpdate;
  request.old_object = std::move(before);
  request.object = std::move(after);
  return judge(request, world, now);
}

}  // namespace berth::testing
