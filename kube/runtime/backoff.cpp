#include "kube/runtime/backoff.h"

#include <algorithm>
#include <cmath>

#include "kube/runtime/mix.h"

namespace berth::runtime {

Duration backoff_delay(const Backoff& config, int failures, std::uint64_t seed, Duration at_least) {
  const auto most = static_cast<double>(config.most.count());
  double full = static_cast<double>(std::max<std::int64_t>(config.first.count(), 0));
  for (int doubling = 1; doubling < failures && full < most; ++doubling) full *= 2;
  full = std::min(full, most);
  // The failures are mixed in so that one seed does not give the same fraction every time.
  const double fraction = unit_interval(mix(seed + static_cast<std::uint64_t>(std::max(failures, 0))));
  const double jitter = std::clamp(config.jitter, 0.0, 1.0);
  const Duration delay(std::llround(full * (1 - jitter * fraction)));
  return std::max(delay, at_least);
}

Duration retry_after(const Error& error) {
  return std::chrono::seconds(std::max(error.retry_after_seconds, 0));
}

}  // namespace berth::runtime
