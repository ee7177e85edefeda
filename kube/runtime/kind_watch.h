// KindWatch: one watched kind whatever its type, so that a program can keep a list of them.
//
// A Watcher that feeds a Store, or its part of one namespace, and the loop that runs it. Thread-safety: one
// thread calls step() or run().
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "kube/runtime/store.h"
#include "kube/runtime/watcher.h"

namespace berth::runtime {

class KindWatch {
 public:
  virtual ~KindWatch() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;  // plural, with the namespace if it is of one
  [[nodiscard]] virtual const std::string& ns() const = 0;    // "" = the whole cluster
  // With its group, which name() alone does not tell apart: "services", "ingresses.networking.k8s.io".
  [[nodiscard]] virtual std::string resource() const = 0;
  // When (monotonic) the server last said what it has of the kind: a list, an event or a bookmark. nullopt:
  // never yet, or the kind is not served. From any thread.
  [[nodiscard]] std::optional<Instant> heard() const {
    const std::int64_t at = heard_;
    return at == kNever ? std::nullopt : std::optional(Instant{at});
  }
  // Listed since the start or the last rewind.
  [[nodiscard]] virtual bool ready() const = 0;
  // One list, one open or one read.
  virtual Result<Progress> step() = 0;
  // Steps until stopped, waiting after errors. Steps may have been made before.
  virtual void run(std::stop_token stop) = 0;
  // Makes a step that waits return, and all later ones; from any thread.
  virtual void cancel() = 0;
  // Of a kind that need not be served: one of its versions.
  [[nodiscard]] virtual const wire::Kind* optional_kind() const { return nullptr; }
  // For an optional kind before its first step: somebody knows that the server does not serve it.
  virtual void begin_absent() {}

 protected:
  // What a step came to.
  void note(const Result<Progress>& progress, const Clock& clock) {
    if (!progress.ok()) return;
    if (*progress == Progress::kListed || *progress == Progress::kRead)
      heard_ = clock.monotonic().milliseconds;
    if (*progress == Progress::kAbsent) heard_ = kNever;
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> heard_ = kNever;
};

// After the server has refused to show what is in a namespace: rights there end with the namespace, and may
// come again.
inline constexpr Duration kAskForNamespace{30'000};

inline std::string resource_of(const wire::Kind& kind) {
  return kind.group.empty() ? kind.plural : kind.plural + "." + kind.group;
}

// Since each of them was heard(), in seconds, by resource(), of several of one resource the longest; without
// those that were not.
inline std::map<std::string, double> silences(const std::vector<std::unique_ptr<KindWatch>>& watches,
                                              Instant now) {
  std::map<std::string, double> found;
  for (const auto& watch : watches) {
    const auto heard = watch->heard();
    if (!heard) continue;
    double& longest = found[watch->resource()];
    longest = std::max(longest, std::chrono::duration<double>(now - *heard).count());
  }
  return found;
}

// All parameters by reference must outlive the watch. `on_error`: told of every failure and the wait after
// it. Of a namespace that may not be looked into the store loses its part (Store::lose) until it may.
template <class T>
std::unique_ptr<KindWatch> make_kind_watch(
    const client::Client& client, const Clock& clock, WatcherConfig config, Store<T>& store,
    std::function<void(const std::string&, const Error&, Duration)> on_error) {
  class Watch final : public KindWatch {
   public:
    Watch(const client::Client& asked, const Clock& ticking, WatcherConfig configured, Store<T>& fed,
          std::function<void(const std::string&, const Error&, Duration)> told)
        : name_(configured.kind.plural + (configured.ns.empty() ? "" : " of namespace " + configured.ns)),
          resource_(resource_of(configured.kind)),
          ns_(configured.ns),
          clock_(&ticking),
          store_(&fed),
          watcher_(asked, ticking, with_writes_of(fed, configured), fed.sink(configured.ns)),
          loop_([this] { return step(); }, [this] { cancel(); },
                {kWatchBackoff, configured.seed, [this, told](const Error& error, Duration wait) {
                   if (told) told(name_, error, after_refusal(wait));
                 }}) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] const std::string& ns() const override { return ns_; }
    [[nodiscard]] std::string resource() const override { return resource_; }
    [[nodiscard]] bool ready() const override { return store_->listed(ns_); }
    Result<Progress> step() override {
      auto progress = watcher_.step();
      note(progress, *clock_);
      lost_ = !ns_.empty() && !progress.ok() && progress.error().code == Code::kForbidden;
      if (lost_) store_->lose(ns_);
      return progress;
    }
    void run(std::stop_token stop) override {
      const std::stop_callback cancel_on_stop(stop, [this] { cancel(); });
      while (!stop.stop_requested()) {
        const Duration wait = after_refusal(loop_.step());
        if (wait > Duration(0)) wait_for(stop, wait);
      }
    }
    void cancel() override { watcher_.cancel(); }

   private:
    static WatcherConfig with_writes_of(Store<T>& fed, WatcherConfig configured) {
      configured.newest_known = [&fed, ns = configured.ns] { return fed.newest_written(ns); };
      return configured;
    }
    [[nodiscard]] Duration after_refusal(Duration wait) const {
      return lost_ ? std::max(wait, kAskForNamespace) : wait;
    }

    const std::string name_;
    const std::string resource_;
    const std::string ns_;
    const Clock* clock_;
    Store<T>* store_;
    Watcher<T> watcher_;
    WatchLoop loop_;
    bool lost_ = false;  // by the last step
  };
  return std::make_unique<Watch>(client, clock, std::move(config), store, std::move(on_error));
}

}  // namespace berth::runtime
