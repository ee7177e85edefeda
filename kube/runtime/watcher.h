// Watcher: follows every object of one kind, by listing once and watching from there.
//
// An explicit state machine: step() does one thing (one list, one open, one read) and hands what it learned
// to the sink. What goes wrong is returned as an Error, with the state already set to what is right next;
// waiting before the next step is the caller's (WatchLoop below).
//
// Rules (control-plane.md 4 and 5, conventions.md A1):
// - LIST from etcd, then WATCH from its resourceVersion with bookmarks, ended by the server after 300 s plus
//   seeded jitter. A watch that ends is opened again from the last version seen: no list.
// - 410, Expired, "Too large resource version" and an unreadable event: list again.
// - Silence (bookmarks come each 60 s, so 75 s without a byte): the connection is taken for dead; open again.
//   After two silent watches in a row: list again, for after a restore of etcd a watch from the future is
//   silent for ever.
// - A list or an event that is older than what was seen before means that history was rewound: list again,
//   and tell the sink (Rewound) before the objects of that list, so that the owner drops what it derived.
//   The version that a watch starts from never goes backwards without that.
// - 401 (a token that expired), 429, 5xx, a broken connection, silence: ask for the newest version first,
//   since a restored API server accepts a watch from a version that it has not reached and says nothing; then
//   open again from the last version seen. After more than `trust` without an answer: list again, for by then
//   writes may have overtaken that version in a rewound history, which no version tells.
//
// - 401 or 403 to a watch of one namespace: list again. Rights in it end with the namespace, and when they
// come
//   again it may be another one of the same name.
//
// Thread-safety: one thread steps; cancel() from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <variant>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/client/client.h"
#include "kube/http/transport.h"
#include "kube/runtime/backoff.h"
#include "kube/runtime/clock.h"
#include "kube/wire/kind.h"
#include "kube/wire/watch_framer.h"

namespace berth::runtime {

// What a sink gets. A list: [Rewound] Init InitApply* InitDone; then Apply and Delete as they happen. A list
// that fails or expires half-way is void, and another begins with Init.
struct Rewound {
  std::string seen = {};    // the newest version known before
  std::string listed = {};  // the version the server is at now
  bool operator==(const Rewound&) const = default;
};
struct Init {
  bool operator==(const Init&) const = default;
};
template <class T>
struct InitApply {
  T object = {};
  bool operator==(const InitApply&) const = default;
};
struct InitDone {
  std::string resource_version = {};
  bool operator==(const InitDone&) const = default;
};
template <class T>
struct Apply {
  T object = {};
  bool operator==(const Apply&) const = default;
};
template <class T>
struct Delete {
  T object = {};  // its last state, with the resourceVersion of the deletion
  bool operator==(const Delete&) const = default;
};
// The watch has reached this version (a bookmark): nothing older will come.
struct Reached {
  std::string resource_version = {};
  bool operator==(const Reached&) const = default;
};

template <class T>
using WatchOutput = std::variant<Rewound, Init, InitApply<T>, InitDone, Apply<T>, Delete<T>, Reached>;

template <class T>
using WatchSink = std::function<void(WatchOutput<T>)>;

struct WatcherConfig {
  wire::Kind kind = {};
  std::string ns = {};  // "" = all namespaces
  client::Selectors selectors = {};
  Duration silence{75'000};
  // How long one read may wait. As long as `silence` or longer with a real transport, whose streams end with
  // the first error of a read; 0 in a simulation, where a read that finds nothing is no silence yet.
  Duration read_wait{75'000};
  Duration trust{300'000};
  std::int64_t watch_seconds = 300;
  std::int64_t watch_jitter_seconds = 60;
  std::uint64_t seed = 0;
  // The newest version the owner knows from elsewhere (its own writes), "" when none; asked before each list.
  // A list that began after a write was answered cannot be older than it, unless history was rewound.
  std::function<std::string()> newest_known = {};
};

// What one step has done.
enum class Progress {
  kListed,
  kLooked,  // asked for the newest version after an error
  kOpened,
  kRead,    // bytes; zero or more outputs
  kIdle,    // nothing came within read_wait, and the silence is not long enough yet
  kAbsent,  // the kind is not served (optional_watch.h)
  kEnded,   // the server ended the watch in good order
};

// T is any kind of core/model (explicitly instantiated).
template <class T>
class Watcher {
 public:
  // `client` and `clock` must outlive the watcher.
  Watcher(const client::Client& client, const Clock& clock, WatcherConfig config, WatchSink<T> sink);

  Result<Progress> step();

  // Makes a waiting step, and every later one, return Cancelled.
  void cancel();

  // "" before the first list.
  [[nodiscard]] const std::string& position() const { return seen_; }
  [[nodiscard]] const WatcherConfig& config() const { return config_; }

 private:
  struct Empty {};     // nothing known: list
  struct Listed {};    // known up to seen_: open a watch
  struct Doubtful {};  // known up to seen_, but perhaps by another history: look
  struct Watching {
    std::shared_ptr<http::Stream> stream;
    wire::WatchFramer framer;
    Instant opened;     // monotonic
    Instant last_byte;  // monotonic
    bool delivered = false;
  };
  using State = std::variant<Empty, Listed, Doubtful, Watching>;

  Result<Progress> list();
  // Tells the sink that a list of this version begins; `written` as of before it was asked for.
  void begin(const std::string& listed, const std::string& written);
  Result<Progress> look();
  Result<Progress> open();
  Result<Progress> read(Watching& watching);
  Status handle_line(std::string_view line);
  // Where to go after an error: lists again when what we know is no base for a watch.
  Error leave_for(Error error);

  const client::Client* client_;
  const Clock* clock_;
  const WatcherConfig config_;
  WatchSink<T> sink_;
  State state_ = Empty{};
  std::string seen_ = {};  // the newest resourceVersion seen, also across lists
  int silent_watches_ = 0;
  std::uint64_t opened_ = 0;
  Instant answered_ = {};  // monotonic: when the server last said something

  std::mutex cancel_mutex_;
  bool cancelled_ = false;
  std::shared_ptr<http::Stream> cancellable_;
};

// Runs something that steps until told to stop: `while (!stop) step()`, waiting after errors.
class WatchLoop {
 public:
  struct Config {
    Backoff backoff = kWatchBackoff;
    std::uint64_t seed = 0;
    std::function<void(const Error&, Duration wait)> on_error = {};
  };

  // `step` returns the progress of one step; `cancel` makes a waiting step return.
  WatchLoop(std::function<Result<Progress>()> step, std::function<void()> cancel, Config config);

  // For a Watcher, which must outlive the loop.
  template <class T>
  WatchLoop(Watcher<T>& watcher, Config config)
      : WatchLoop([&watcher] { return watcher.step(); }, [&watcher] { watcher.cancel(); },
                  std::move(config)) {}

  // Returns soon after `stop` is requested.
  void run(std::stop_token stop);

  // One step without waiting, for a simulation: how long to wait before the next one (0: go on at once).
  Duration step();

 private:
  std::function<Result<Progress>()> step_;
  std::function<void()> cancel_;
  Config config_;
  int failures_ = 0;
  bool expired_ = false;  // the position was too old once since the last success
};

// Waits for `span` or until `stop` is requested; false when stopped.
bool wait_for(std::stop_token stop, Duration span);

}  // namespace berth::runtime
