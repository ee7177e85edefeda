#include "cli/check_webhook.h"

#include <chrono>
#include <ostream>

#include "cli/run.h"
#include "core/base/api_names.h"
#include "core/base/version.h"
#include "core/base/webhook_check.h"
#include "kube/client/access.h"
#include "kube/client/connect.h"
#include "kube/json/writer.h"
#include "kube/wire/kind.h"
#include "kube/wire/request.h"
#include "kube/wire/status.h"

namespace berth::cli {
namespace {

// Longer than the API server gives a webhook (3 s) and itself.
constexpr std::chrono::milliseconds kDeadline(10'000);

std::string check_object(const std::string& ns) {
  json::Writer writer;
  writer.begin_object().member("apiVersion", "v1").member("kind", "PodTemplate");
  writer.key("metadata").begin_object().member("name", kCheckName).member("namespace", ns).end_object();
  writer.key("template").begin_object();
  writer.key("spec").begin_object();
  writer.key("containers").begin_list().begin_object().member("name", "none").member("image", "none");
  writer.end_object().end_list().end_object().end_object().end_object();
  return writer.take();
}

bool created(const CheckReply& reply) { return reply.status >= 200 && reply.status <= 299; }

}  // namespace

Checked judge_check(const CheckReply& reply, const std::string& ns) {
  const std::size_t at = reply.message.find(kCheckAnswer);
  if (!created(reply) && at != std::string::npos) {
    return {true, "The API server asks the webhook, and berth-webhook " +
                      reply.message.substr(at + std::string(kCheckAnswer).size()) + " answers."};
  }
  if (created(reply)) {
    return {false,
            "The API server does not ask the webhook about namespace " + ns +
                ": see whether ValidatingWebhookConfiguration " + kWebhookConfiguration +
                " is there and has webhooks, whether the namespace is excluded, and whether the webhook is "
                "older than this command."};
  }
  return {false, "The webhook did not answer: " + reply.message};
}

int run_check(const CheckCommand& command, const AskWebhook& ask, const std::function<void(Duration)>& pause,
              std::ostream& out, std::ostream& err) {
  for (Duration waited{0};; waited += kBetweenChecks) {
    const auto reply = ask(command.cluster, command.ns);
    const Checked checked =
        reply.ok() ? judge_check(*reply, command.ns) : Checked{false, reply.error().message};
    if (checked.works) {
      out << checked.text << "\n";
      return kClean;
    }
    if (waited + kBetweenChecks > command.wait) {
      err << checked.text << "\n";
      return reply.ok() ? kDenied : kUnreadable;
    }
    pause(kBetweenChecks);
  }
}

Result<CheckReply> ask_webhook(const ClusterChoice& choice, const std::string& ns) {
  TRY(const client::ClusterAccess access,
      client::find_access(client::interactive_environment(), choice.kubeconfig, choice.context));
  TRY(const auto transport, client::make_transport(access, std::string("berth/") + kVersion));
  const http::Request request =
      wire::create(wire::kPodTemplate, ns, check_object(ns), {.field_manager = "berth-cli", .dry_run = true});
  TRY(const http::Response response, transport->exchange(request, kDeadline));
  const bool made = response.status >= 200 && response.status <= 299;
  return CheckReply{response.status, made ? "" : wire::error_from(response).message};
}

}  // namespace berth::cli
