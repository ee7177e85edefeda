// The watch streams of the fake API server.
#include <algorithm>
#include <charconv>
#include <utility>

#include "kube/testing/fake_state.h"

namespace berth::testing {
namespace {

using json::Tree;

std::string line(const char* type, const std::string& object) {
  return std::string("{\"type\":\"") + type + "\",\"object\":" + object + "}\n";
}

std::string expired_line(const std::string& message) {
  Tree status;
  status["kind"].value = "Status";
  status["apiVersion"].value = "v1";
  status["metadata"].value = Tree::Object{};
  status["status"].value = "Failure";
  status["message"].value = message;
  status["reason"].value = "Expired";
  status["code"].value = std::int64_t{410};
  return line("ERROR", json::print_tree(status));
}

class FakeStream final : public http::Stream {
 public:
  using State = FakeApiServer::State;

  FakeStream(std::shared_ptr<State> state, wire::Kind kind, std::string ns, FakeSelector selector,
             std::shared_ptr<const WatchHold> hold)
      : state_(std::move(state)),
        kind_(std::move(kind)),
        ns_(std::move(ns)),
        selector_(std::move(selector)),
        hold_(std::move(hold)),
        epoch_(state_->epoch),
        last_bookmark_(state_->clock->monotonic()) {}

  void start_from(std::int64_t version) {
    position_ = version;
    next_ = static_cast<std::size_t>(
        std::upper_bound(state_->history.begin(), state_->history.end(), version,
                         [](std::int64_t at, const Revision& entry) { return at < entry.number; }) -
        state_->history.begin());
  }
  void put(const std::string& text) { ready_ += text; }
  void end_after_ready() { ends_ = true; }
  void end_at(Instant monotonic) { deadline_ = monotonic; }
  void with_bookmarks() { bookmarks_ = true; }

  Result<std::string> read(std::chrono::milliseconds silence) override {
    std::unique_lock lock(state_->mutex);
    if (state_->config.blocking_reads && silence.count() > 0) {
      state_->changed.wait_for(lock, silence, [this] { return gather(); });
    } else {
      gather();
    }
    if (!ready_.empty()) {
      const std::size_t chunk = state_->config.chunk_bytes;
      const std::size_t count = chunk == 0 ? ready_.size() : std::min(chunk, ready_.size());
      std::string bytes = ready_.substr(0, count);
      ready_.erase(0, count);
      return bytes;
    }
    if (cancelled_) return Error{Code::kCancelled, "the stream was cancelled"};
    if (broken()) return Error{Code::kUnavailable, "the connection was reset"};
    if (over()) return std::string();
    return Error{Code::kTimeout, "nothing came"};
  }

  void cancel() override {
    const std::lock_guard lock(state_->mutex);
    cancelled_ = true;
    state_->changed.notify_all();
  }

 private:
  [[nodiscard]] bool broken() const { return epoch_ < state_->broken_epoch; }
  [[nodiscard]] bool frozen() const { return epoch_ < state_->frozen_epoch; }
  [[nodiscard]] bool over() const {
    return ends_ || (deadline_ && !frozen() && state_->clock->monotonic() >= *deadline_);
  }

  [[nodiscard]] std::int64_t horizon() const {
    std::int64_t limit = state_->revision;
    if (state_->hold) limit = std::min(limit, *state_->hold);
    if (hold_ && hold_->up_to) limit = std::min(limit, *hold_->up_to);
    return limit;
  }

  // Collects what can be sent now; true when read() has something to say. Requires the lock.
  bool gather() {
    if (cancelled_ || broken()) return true;
    if (frozen()) return !ready_.empty();
    const std::int64_t limit = horizon();
    while (!ends_ && next_ < state_->history.size() && state_->history[next_].number <= limit) {
      const Revision& entry = state_->history[next_++];
      if (entry.number <= position_) continue;
      position_ = entry.number;
      if (entry.kind == kind_ && (ns_.empty() || entry.key.ns == ns_)) tell(entry);
    }
    const Instant now = state_->clock->monotonic();
    if (bookmarks_ && !ends_ && now - last_bookmark_ >= state_->config.bookmark_interval) {
      last_bookmark_ = now;
      // Never ahead of what this watch was asked to start from.
      position_ = std::max(position_, limit);
      Tree mark;
      mark["kind"].value = kind_.kind;
      mark["apiVersion"].value = kind_.api_version();
      mark.at({"metadata", "resourceVersion"}).value = std::to_string(position_);
      if (position_ <= state_->revision) ready_ += line("BOOKMARK", json::print_tree(mark));
    }
    return !ready_.empty() || over();
  }

  // Objects that come into and go out of a selector are added and deleted.
  void tell(const Revision& entry) {
    const bool was = entry.before != nullptr && selector_.matches(*entry.before);
    const bool is = entry.after != nullptr && selector_.matches(*entry.after);
    if (is) {
      ready_ += line(was ? "MODIFIED" : "ADDED", json::print_tree(*entry.after));
    } else if (was) {
      Tree last = *entry.before;
      last.at({"metadata", "resourceVersion"}).value = std::to_string(entry.number);
      ready_ += line("DELETED", json::print_tree(last));
    }
  }

  std::shared_ptr<State> state_;
  wire::Kind kind_;
  std::string ns_;
  FakeSelector selector_;
  std::shared_ptr<const WatchHold> hold_;
  std::uint64_t epoch_;
  Instant last_bookmark_;
  std::optional<Instant> deadline_ = {};
  std::int64_t position_ = 0;
  std::size_t next_ = 0;  // in the history
  std::string ready_ = {};
  bool bookmarks_ = false;
  bool ends_ = false;
  bool cancelled_ = false;
};

}  // namespace

std::unique_ptr<http::Stream> open_fake_watch(std::shared_ptr<FakeApiServer::State> state, FakeKind& kind,
                                              const FakeTarget& target, FakeSelector selector,
                                              std::shared_ptr<const WatchHold> hold) {
  const std::string wanted = target.parameter("resourceVersion");
  std::int64_t version = 0;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), version);
  std::int64_t seconds = 0;
  const std::string timeout = target.parameter("timeoutSeconds");
  std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);

  const FakeSelector filter = selector;
  auto stream =
      std::make_unique<FakeStream>(state, kind.kind, target.ns, std::move(selector), std::move(hold));
  if (version == 0) {
    // Without a version a watch begins with what is there.
    for (const auto& [key, object] : kind.objects) {
      if ((target.ns.empty() || key.ns == target.ns) && filter.matches(*object.tree)) {
        stream->put(line("ADDED", json::print_tree(*object.tree)));
      }
    }
    version = state->revision;
  } else if (version < state->oldest) {
    stream->put(
        expired_line("too old resource version: " + wanted + " (" + std::to_string(state->oldest) + ")"));
    stream->end_after_ready();
  }
  stream->start_from(version);
  if (seconds > 0) stream->end_at(state->clock->monotonic() + std::chrono::seconds(seconds));
  if (target.flag("allowWatchBookmarks")) stream->with_bookmarks();
  return stream;
}

}  // namespace berth::testing
