#include "kube/runtime/watcher.h"

#include <condition_variable>
#include <utility>

#include "core/base/overloaded.h"
#include "core/model/admission_policy.h"
#include "core/model/cluster_objects.h"
#include "core/model/config_map.h"
#include "core/model/custom_object.h"
#include "core/model/endpoint_slice.h"
#include "core/model/exposure_policy.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/runtime/mix.h"
#include "kube/runtime/resource_version.h"
#include "kube/wire/watch_event.h"

namespace berth::runtime {
namespace {

// A watch that ends sooner, and with nothing, is no orderly end (client-go's "very short watch"): without
// this a server that closes every watch would be asked as fast as it can answer.
constexpr Duration kShortWatch(1000);
constexpr int kSilentWatchesBeforeList = 2;

Error cancelled() { return Error{Code::kCancelled, "the watch was cancelled"}; }

// The server's way of refusing to wait for a version it has not got.
bool is_from_the_future(const Error& error) {
  return error.message.find("Too large resource version") != std::string::npos;
}

}  // namespace

template <class T>
Watcher<T>::Watcher(const client::Client& client, const Clock& clock, WatcherConfig config, WatchSink<T> sink)
    : client_(&client), clock_(&clock), config_(std::move(config)), sink_(std::move(sink)) {}

template <class T>
Result<Progress> Watcher<T>::step() {
  {
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return cancelled();
  }
  return std::visit(Overloaded{
                        [this](Empty&) { return list(); },
                        [this](Listed&) { return open(); },
                        [this](Doubtful&) { return look(); },
                        [this](Watching& watching) { return read(watching); },
                    },
                    state_);
}

template <class T>
void Watcher<T>::cancel() {
  const std::lock_guard lock(cancel_mutex_);
  cancelled_ = true;
  if (cancellable_) cancellable_->cancel();
}

template <class T>
Result<Progress> Watcher<T>::list() {
  const std::string written = config_.newest_known ? config_.newest_known() : std::string();
  std::string version;
  TRY_DONE(client_->list_by_page<T>(
      config_.kind, config_.ns, config_.selectors, [&](json::List<T> page, bool first) -> Status {
        if (page.resource_version.empty()) {
          return malformed("a list of " + config_.kind.plural + " has no resourceVersion to watch from",
                           "metadata.resourceVersion");
        }
        if (first) begin(page.resource_version, written);
        version = std::move(page.resource_version);
        for (T& object : page.items) sink_(InitApply<T>{std::move(object)});
        return ok_status();
      }));
  seen_ = std::move(version);
  sink_(InitDone{seen_});
  silent_watches_ = 0;
  answered_ = clock_->monotonic();
  state_ = Listed{};
  return Progress::kListed;
}

template <class T>
void Watcher<T>::begin(const std::string& listed, const std::string& written) {
  const std::string& newest = is_older(seen_, written) || seen_.empty() ? written : seen_;
  if (is_older(listed, newest)) sink_(Rewound{newest, listed});
  sink_(Init{});
}

template <class T>
Result<Progress> Watcher<T>::look() {
  const Duration unanswered = clock_->monotonic() - answered_;
  auto newest = client_->newest_version<T>(config_.kind, config_.ns);
  if (!newest.ok()) {
    const bool lost = newest.error().code == Code::kForbidden && !config_.ns.empty();
    if (lost) state_ = Empty{};
    return std::move(newest).error();
  }
  const std::string version = *std::move(newest);
  if (unanswered > config_.trust || is_older(version, seen_)) {
    state_ = Empty{};
  } else {
    state_ = Listed{};
  }
  answered_ = clock_->monotonic();
  return Progress::kLooked;
}

template <class T>
Result<Progress> Watcher<T>::open() {
  const double fraction = unit_interval(mix(config_.seed + ++opened_));
  const auto jitter = static_cast<std::int64_t>(fraction * static_cast<double>(config_.watch_jitter_seconds));
  auto stream =
      client_->watch(config_.kind, config_.ns, config_.selectors, seen_, config_.watch_seconds + jitter);
  if (!stream.ok()) return leave_for(std::move(stream).error());

  std::shared_ptr<http::Stream> opened = std::move(stream).value();
  {
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return cancelled();
    cancellable_ = opened;
  }
  const Instant now = clock_->monotonic();
  state_ = Watching{std::move(opened), wire::WatchFramer(), now, now};
  return Progress::kOpened;
}

template <class T>
Result<Progress> Watcher<T>::read(Watching& watching) {
  auto bytes = watching.stream->read(config_.read_wait);
  const Instant now = clock_->monotonic();
  if (!bytes.ok()) {
    if (bytes.error().code != Code::kTimeout) return leave_for(std::move(bytes).error());
    const bool silent = config_.read_wait >= config_.silence || now - watching.last_byte >= config_.silence;
    if (!silent) return Progress::kIdle;
    ++silent_watches_;
    Error error = leave_for({Code::kTimeout, "the watch of " + config_.kind.plural + " is silent"});
    if (silent_watches_ >= kSilentWatchesBeforeList) state_ = Empty{};
    return error;
  }
  if (bytes->empty()) {
    const bool cut = watching.framer.mid_line();
    const bool at_once = !watching.delivered && now - watching.opened < kShortWatch;
    Error error = leave_for({Code::kUnavailable, "the watch of " + config_.kind.plural +
                                                     (cut ? " was cut in a line" : " ended at once")});
    if (cut || at_once) return error;
    state_ = Listed{};
    answered_ = now;
    return Progress::kEnded;
  }

  watching.last_byte = now;
  answered_ = now;
  silent_watches_ = 0;
  watching.framer.feed(*bytes);
  while (true) {
    auto line = watching.framer.next();
    if (!line.ok()) return leave_for(std::move(line).error());
    if (!line->has_value()) return Progress::kRead;
    auto handled = handle_line(**line);
    if (!handled.ok()) return leave_for(std::move(handled).error());
    watching.delivered = true;
  }
}

template <class T>
Status Watcher<T>::handle_line(std::string_view line) {
  TRY(wire::WatchEvent event, wire::parse_watch_event(line));
  if (is_older(event.resource_version, seen_)) {
    return Error{Code::kGone, "the watch of " + config_.kind.plural + " went back from version " + seen_ +
                                  " to " + event.resource_version};
  }
  if (event.type == wire::WatchEventType::kBookmark) {
    seen_ = event.resource_version;
    sink_(Reached{seen_});
    return ok_status();
  }
  TRY(T object, json::decode<T>(event.object));
  seen_ = event.resource_version;
  if (event.type == wire::WatchEventType::kDeleted) {
    sink_(Delete<T>{std::move(object)});
  } else {
    sink_(Apply<T>{std::move(object)});
  }
  return ok_status();
}

template <class T>
Error Watcher<T>::leave_for(Error error) {
  {
    const std::lock_guard lock(cancel_mutex_);
    cancellable_.reset();
  }
  const bool lost = error.code == Code::kForbidden && !config_.ns.empty();
  const bool no_base =
      lost || error.code == Code::kGone || error.code == Code::kMalformed || is_from_the_future(error);
  if (no_base) {
    state_ = Empty{};
  } else {
    state_ = Doubtful{};
  }
  return error;
}

template class Watcher<PortRange>;
template class Watcher<PortAllocation>;
template class Watcher<ExposurePolicy>;
template class Watcher<PortLedger>;
template class Watcher<Service>;
template class Watcher<Ingress>;
template class Watcher<Namespace>;
template class Watcher<Workload>;
template class Watcher<NetworkPolicy>;
template class Watcher<Gateway>;
template class Watcher<Route>;
template class Watcher<ReferenceGrant>;
template class Watcher<EndpointSlice>;
template class Watcher<CustomObject>;
template class Watcher<Lease>;
template class Watcher<Event>;
template class Watcher<Secret>;
template class Watcher<ConfigMap>;
template class Watcher<ValidatingWebhookConfiguration>;
template class Watcher<ValidatingAdmissionPolicy>;
template class Watcher<ValidatingAdmissionPolicyBinding>;

WatchLoop::WatchLoop(std::function<Result<Progress>()> step, std::function<void()> cancel, Config config)
    : step_(std::move(step)), cancel_(std::move(cancel)), config_(std::move(config)) {}

void WatchLoop::run(std::stop_token stop) {
  const std::stop_callback cancel_on_stop(stop, [this] { cancel_(); });
  while (!stop.stop_requested()) {
    const Duration wait = step();
    if (wait > Duration(0)) wait_for(stop, wait);
  }
}

Duration WatchLoop::step() {
  const auto progress = step_();
  if (progress.ok()) {
    // An open stream proves nothing yet: a server may accept every watch and break it at once.
    if (*progress != Progress::kOpened) {
      failures_ = 0;
      expired_ = false;
    }
    return Duration(0);
  }
  const Error& error = progress.error();
  ++failures_;
  // A position that is too old is no trouble of the server, also after an outage: list at once. Twice it is.
  const bool relist = error.code == Code::kGone && !expired_;
  expired_ = expired_ || relist;
  const Duration wait =
      relist ? Duration(0) : backoff_delay(config_.backoff, failures_, config_.seed, retry_after(error));
  if (config_.on_error && error.code != Code::kCancelled) config_.on_error(error, wait);
  return wait;
}

bool wait_for(std::stop_token stop, Duration span) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, span, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace berth::runtime
