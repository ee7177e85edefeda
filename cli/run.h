// The berth command as a function: arguments and streams in, exit code out.
//
// Not thread-safe; called once per process, and by tests.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/check_webhook.h"
#include "cli/inputs.h"
#include "core/base/instant.h"

namespace berth::cli {

inline constexpr int kClean = 0;       // nothing that --fail-on names
inline constexpr int kDenied = 1;      // at least one object is denied
inline constexpr int kUnreadable = 2;  // input that cannot be read, or wrong usage
inline constexpr int kTold = 3;        // nothing is denied, but --fail-on names what is told

struct Setting {
  Instant now = {};     // decides which exceptions have expired
  bool colour = false;  // the table goes to a terminal that shows colours
  LookAtCluster look = {};
  AskWebhook ask = {};
  std::function<void(Duration)> pause = {};
};

// args[0] is the program's name: with a base name of "kubectl-berth" texts say "kubectl berth".
int run(const std::vector<std::string>& args, std::istream& in, std::ostream& out, std::ostream& err,
        const Setting& setting);

}  // namespace berth::cli
