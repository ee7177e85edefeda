// Conformance: what Berth relies on an API server to do, as a list of named checks over a Transport.
//
// The same list runs against FakeApiServer (conformance_test.cpp) and against a real API server (e2e), which
// is what keeps the fake honest. Each check uses names of its own inside one namespace and removes what it
// made. Thread-safety: checks run one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::testing {

struct ConformanceSetting {
  http::Transport* transport = nullptr;
  std::string ns = {};                 // exists; the checks write into it
  std::int64_t node_port_low = 30000;  // --service-node-port-range
  std::int64_t node_port_high = 32767;
  std::string prefix = "conformance";  // of every name
};

struct ConformanceCheck {
  std::string name;  // a sentence
  std::function<Status(const ConformanceSetting&)> run;
};

// Errors of a check: Malformed with what was expected and what came.
const std::vector<ConformanceCheck>& conformance_checks();

}  // namespace berth::testing
