// Signals: SIGTERM and SIGINT as an orderly request to stop.
//
// The first one sets a flag, wakes wait() and calls a function; a second one ends the process at once with
// status 128 + its number, for people who do not want to wait. SIGPIPE is ignored, so that a broken
// connection is an error of write(2) and not our end.
// Thread-safety: all functions may be called from several threads at once. At most one instance at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "core/base/result.h"

namespace berth::daemon {

class Signals {
 public:
  // Blocks both signals in this thread and those it starts from now on, so call it in main before any thread
  // is started. `on_stop` is called once, from a thread of its own (an ordinary one: it may lock and log).
  static Result<std::unique_ptr<Signals>> install(std::function<void()> on_stop = {});

  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  // The signals stay blocked in this thread and SIGPIPE ignored.
  ~Signals();

  [[nodiscard]] bool stopping() const;
  // Waits for the request to stop; false when `limit` passed without one.
  bool wait_for(std::chrono::milliseconds limit) const;
  void wait() const;
  // As if SIGTERM had come (for a program that stops by its own decision).
  void request_stop();

 private:
  struct State;
  explicit Signals(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace berth::daemon
