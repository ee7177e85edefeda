#include "kube/client/client.h"

#include <chrono>
#include <cstdlib>

#include "kube/json/heading.h"
#include "kube/wire/discovery.h"
#include "kube/wire/request.h"
#include "kube/wire/status.h"

namespace berth::client {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Only for reports: no decision rests on it.
Duration since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<Duration>(SteadyClock::now() - start);
}

// The HTTP status an error of Transport::open stands for, as far as a report can tell; 0: no answer.
int status_of(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
    case Code::kExists:
      return 409;
    case Code::kGone:
      return 410;
    case Code::kInvalid:
      return 422;
    case Code::kForbidden:
      return 403;
    case Code::kThrottled:
      return 429;
    case Code::kMalformed:
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kCancelled:
      return 0;
  }
  return 0;
}

std::string propagation_name(Propagation propagation) {
  switch (propagation) {
    case Propagation::kServerDefault:
      return "";
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "";
}

}  // namespace

Client::Client(http::Transport& transport, Config config)
    : transport_(&transport), config_(std::move(config)) {}

Client Client::with_deadline(Duration deadline) const {
  Client other = *this;
  other.config_.deadline = deadline;
  return other;
}

Result<std::unique_ptr<http::Stream>> Client::watch(const wire::Kind& kind, std::string_view ns,
                                                    const Selectors& selectors,
                                                    std::string_view resource_version,
                                                    std::int64_t timeout_seconds) const {
  wire::WatchOptions options;
  options.resource_version = std::string(resource_version);
  options.timeout_seconds = timeout_seconds;
  options.label_selector = selectors.labels;
  options.field_selector = selectors.fields;
  const auto start = SteadyClock::now();
  auto stream = transport_->open(wire::watch(kind, ns, options), config_.deadline);
  if (config_.observer) {
    config_.observer(
        {"watch", "GET", kind.plural, stream.ok() ? 200 : status_of(stream.error()), since(start)});
  }
  return stream;
}

Result<std::string> Client::ask(std::string_view verb, const wire::Kind& kind, const http::Request& request,
                                Duration deadline) const {
  const auto start = SteadyClock::now();
  auto answer = transport_->exchange(request, deadline);
  if (config_.observer) {
    config_.observer({verb, request.method, kind.plural, answer.ok() ? answer->status : 0, since(start)});
  }
  if (!answer.ok()) return std::move(answer).error();
  if (answer->status < 200 || answer->status > 299) return wire::error_from(*answer);
  return std::move(answer->body);
}

Result<std::vector<wire::Kind>> Client::served_kinds() const {
  TRY(const std::string body, ask("get", {.plural = "apis"}, wire::discovery(), config_.list_deadline));
  return wire::parse_discovery(body);
}

Result<std::string> Client::ask_get(const wire::Kind& kind, const ObjectKey& key) const {
  return ask("get", kind, wire::get(kind, key), config_.deadline);
}

Result<std::string> Client::ask_page(const wire::Kind& kind, std::string_view ns, const Selectors& selectors,
                                     std::int64_t limit, const std::string& continue_token) const {
  wire::ListOptions options;
  options.limit = limit;
  options.continue_token = continue_token;
  options.label_selector = selectors.labels;
  options.field_selector = selectors.fields;
  return ask("list", kind, wire::list(kind, ns, options), config_.list_deadline);
}

Result<std::string> Client::ask_create(const wire::Kind& kind, std::string_view ns, std::string body) const {
  wire::WriteOptions options;
  options.field_manager = config_.field_manager;
  return ask("create", kind, wire::create(kind, ns, std::move(body), options), config_.deadline);
}

Result<std::string> Client::ask_replace(const wire::Kind& kind, const ObjectKey& key,
                                        std::string_view resource_version, std::string body,
                                        bool status) const {
  if (resource_version.empty()) std::abort();
  wire::WriteOptions options;
  options.field_manager = config_.field_manager;
  const http::Request request = status ? wire::replace_status(kind, key, std::move(body), options)
                                       : wire::replace(kind, key, std::move(body), options);
  return ask("update", kind, request, config_.deadline);
}

Result<std::string> Client::ask_patch(const wire::Kind& kind, const ObjectKey& key, std::string body,
                                      std::string_view subresource) const {
  wire::WriteOptions options;
  options.field_manager = config_.field_manager;
  return ask("patch", kind, wire::merge_patch(kind, key, std::move(body), options, subresource),
             config_.deadline);
}

Result<std::string> Client::ask_apply(const wire::Kind& kind, const ObjectKey& key, std::string body,
                                      bool force) const {
  wire::ApplyOptions options;
  options.field_manager = config_.field_manager;
  options.force = force;
  return ask("apply", kind, wire::apply(kind, key, std::move(body), options), config_.deadline);
}

Result<std::string> Client::ask_remove(const wire::Kind& kind, const ObjectKey& key,
                                       const RemoveOptions& options) const {
  if (options.uid.empty()) std::abort();  // a name alone may mean a successor
  wire::DeleteOptions wanted;
  wanted.uid = options.uid;
  wanted.resource_version = options.resource_version;
  wanted.propagation = propagation_name(options.propagation);
  TRY(std::string body, ask("delete", kind, wire::remove(kind, key, wanted), config_.deadline));
  // Some kinds answer with a Status, some with the object as it was.
  TRY(const json::Heading heading, json::decode_heading(body));
  if (heading.kind == "Status") return std::string();
  return body;
}

}  // namespace berth::client
