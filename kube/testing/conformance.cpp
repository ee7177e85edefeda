#include "kube/testing/conformance.h"

#include "kube/testing/conformance_kit.h"

namespace berth::testing {

const std::vector<ConformanceCheck>& conformance_checks() {
  static const std::vector<ConformanceCheck> checks = [] {
    std::vector<ConformanceCheck> all = object_checks();
    for (const auto& part : {service_checks(), apply_checks(), watch_checks()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return checks;
}

}  // namespace berth::testing
