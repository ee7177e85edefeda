// KindWatch: one watched kind whatever its type, so that a program can keep a list of them.
//
// A Watcher that feeds a Store, and the loop that runs it. Thread-safety: one thread calls step() or run().
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "kube/runtime/store.h"
#include "kube/runtime/watcher.h"

namespace berth::runtime {

class KindWatch {
 public:
  virtual ~KindWatch() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;  // plural
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
};

// All parameters by reference must outlive the watch. `on_error`: told of every failure and the wait after
// it.
template <class T>
std::unique_ptr<KindWatch> make_kind_watch(
    const client::Client& client, const Clock& clock, WatcherConfig config, Store<T>& store,
    std::function<void(const std::string&, const Error&, Duration)> on_error) {
  class Watch final : public KindWatch {
   public:
    Watch(const client::Client& asked, const Clock& ticking, WatcherConfig configured, Store<T>& fed,
          std::function<void(const std::string&, const Error&, Duration)> told)
        : name_(configured.kind.plural),
          store_(&fed),
          watcher_(asked, ticking, with_writes_of(fed, configured), fed.sink()),
          loop_(watcher_, {kWatchBackoff, configured.seed, [this, told](const Error& error, Duration wait) {
                             if (told) told(name_, error, wait);
                           }}) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool ready() const override { return store_->ready(); }
    Result<Progress> step() override { return watcher_.step(); }
    void run(std::stop_token stop) override { loop_.run(std::move(stop)); }
    void cancel() override { watcher_.cancel(); }

   private:
    static WatcherConfig with_writes_of(Store<T>& fed, WatcherConfig configured) {
      configured.newest_known = [&fed] { return fed.newest_written(); };
      return configured;
    }

    std::string name_;
    Store<T>* store_;
    Watcher<T> watcher_;
    WatchLoop loop_;
  };
  return std::make_unique<Watch>(client, clock, std::move(config), store, std::move(on_error));
}

}  // namespace berth::runtime
