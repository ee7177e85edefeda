// A KindWatch of a kind that need not be there: the CRD is installed later, or never, or in an older version.
//
// The versions are tried in their order; while the server serves none of them (404 to a list) the store is
// empty and ready, and the server is asked again from time to time. A CRD that is deleted empties the store.
// Thread-safety: as KindWatch.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kube/runtime/kind_watch.h"

namespace berth::runtime {

// Between two questions whether a kind has come.
inline constexpr Duration kAskForKind{30'000};

// As make_kind_watch, but of the first of `versions` that is served; config.kind is set for each. Requires:
// at least one version, all of the same kind.
template <class T>
std::unique_ptr<KindWatch> make_optional_watch(
    const client::Client& client, const Clock& clock, const std::vector<wire::Kind>& versions,
    WatcherConfig config, Store<T>& store,
    std::function<void(const std::string&, const Error&, Duration)> on_error) {
  class Watch final : public KindWatch {
   public:
    Watch(const client::Client& asked, const Clock& ticking, std::vector<wire::Kind> tried,
          WatcherConfig configured, Store<T>& fed,
          std::function<void(const std::string&, const Error&, Duration)> told)
        : client_(&asked),
          clock_(&ticking),
          versions_(std::move(tried)),
          config_(std::move(configured)),
          name_(versions_.front().plural),
          store_(&fed),
          told_(std::move(told)) {
      begin();
    }

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] const std::string& ns() const override { return config_.ns; }
    [[nodiscard]] bool ready() const override { return store_->ready(); }

    [[nodiscard]] std::string resource() const override { return resource_of(versions_.front()); }

    Result<Progress> step() override {
      auto progress = step_unnoted();
      note(progress, *clock_);
      return progress;
    }

    Result<Progress> step_unnoted() {
      absent_ = false;
      auto progress = watcher()->step();
      if (progress.ok() || progress.error().code != Code::kNotFound) return progress;
      version_ = (version_ + 1) % versions_.size();
      begin();
      if (version_ != 0) return Progress::kLooked;
      store_->apply(Init{});
      store_->apply(InitDone{});
      absent_ = true;
      return Progress::kAbsent;
    }

    void run(std::stop_token stop) override {
      WatchLoop::Config how{kWatchBackoff, config_.seed, [this](const Error& error, Duration wait) {
                              if (told_) told_(name_, error, wait);
                            }};
      WatchLoop loop([this] { return step(); }, [] {}, std::move(how));
      const std::stop_callback cancel_on_stop(stop, [this] { cancel(); });
      if (absent_) wait_for(stop, kAskForKind);
      while (!stop.stop_requested()) {
        const Duration asked = loop.step();
        const Duration wait = std::max(asked, absent_ ? kAskForKind : Duration(0));
        if (wait > Duration(0)) wait_for(stop, wait);
      }
    }

    [[nodiscard]] const wire::Kind* optional_kind() const override { return &versions_.front(); }
    void begin_absent() override {
      store_->apply(Init{});
      store_->apply(InitDone{});
      absent_ = true;
    }

    void cancel() override {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      watcher_->cancel();
    }

   private:
    // Another thread may cancel while one begins anew.
    void begin() {
      WatcherConfig now = config_;
      now.kind = versions_[version_];
      now.newest_known = [store = store_] { return store->newest_written(); };
      auto made = std::make_shared<Watcher<T>>(*client_, *clock_, std::move(now), store_->sink());
      const std::lock_guard lock(mutex_);
      if (cancelled_) made->cancel();
      watcher_ = std::move(made);
    }
    std::shared_ptr<Watcher<T>> watcher() {
      const std::lock_guard lock(mutex_);
      return watcher_;
    }
    const client::Client* client_;
    const Clock* clock_;
    const std::vector<wire::Kind> versions_;
    const WatcherConfig config_;
    const std::string name_;
    Store<T>* store_;
    std::function<void(const std::string&, const Error&, Duration)> told_;
    std::size_t version_ = 0;
    bool absent_ = false;  // by the last step

    std::mutex mutex_;
    bool cancelled_ = false;
    std::shared_ptr<Watcher<T>> watcher_;
  };
  return std::make_unique<Watch>(client, clock, versions, std::move(config), store, std::move(on_error));
}

}  // namespace berth::runtime
