// berth check webhook: does the API server ask the webhook, and does it answer?
//
// A dry run of creating an object that the webhook always refuses (core/base/webhook_check.h): nothing is
// written, and no policy is needed. Thread-safety: none needed, called once per run.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/command_line.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace berth::cli {

// What the API server said to the request.
struct CheckReply {
  int status = 0;  // HTTP
  std::string message = {};

  bool operator==(const CheckReply&) const = default;
};
// Makes the request in that namespace. Errors: no cluster is found, or it gives no answer.
using AskWebhook = std::function<Result<CheckReply>(const ClusterChoice&, const std::string& ns)>;

struct Checked {
  bool works = false;
  std::string text = {};  // a sentence that also says what to do

  bool operator==(const Checked&) const = default;
};

// Pure.
Checked judge_check(const CheckReply& reply, const std::string& ns);

inline constexpr Duration kBetweenChecks{1000};

// Asks until it works, or for as long as the command says: kClean, kDenied when the webhook is not asked or
// gives no answer, kUnreadable when the cluster gives none. `pause` waits.
int run_check(const CheckCommand& command, const AskWebhook& ask, const std::function<void(Duration)>& pause,
              std::ostream& out, std::ostream& err);

// As the API server of a real cluster.
Result<CheckReply> ask_webhook(const ClusterChoice& choice, const std::string& ns);

}  // namespace berth::cli
