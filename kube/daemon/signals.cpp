#include "kube/daemon/signals.h"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace berth::daemon {

struct Signals::State {
  std::function<void()> on_stop;
  int signals = -1;  // a signalfd
  int wake = -1;     // an eventfd: something below has changed
  mutable std::mutex mutex{};
  mutable std::condition_variable changed{};
  bool stopping = false;  // all guarded by mutex
  bool told = false;      // on_stop has been called
  bool ended = false;
  std::thread thread{};

  explicit State(std::function<void()> f) : on_stop(std::move(f)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (thread.joinable()) {
      {
        const std::lock_guard lock(mutex);
        ended = true;
      }
      wake_up();
      thread.join();
    }
    if (signals >= 0) ::close(signals);
    if (wake >= 0) ::close(wake);
  }

  void wake_up() const {
    const std::uint64_t one = 1;
    // Can only fail when the counter is full, and then the thread is awake already.
    (void)!::write(wake, &one, sizeof one);
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    wake_up();
  }

  void take_signal() {
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != sizeof info) return;
    {
      const std::lock_guard lock(mutex);
      // Whoever asks twice does not want to wait.
      if (stopping) ::_exit(128 + static_cast<int>(info.ssi_signo));
    }
    stop();
  }

  // A second signal must be seen while on_stop works, so that runs in a thread of its own.
  void run() {
    std::thread teller;
    for (;;) {
      std::array<pollfd, 2> ready{
          {{.fd = signals, .events = POLLIN, .revents = 0}, {.fd = wake, .events = POLLIN, .revents = 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
      if (ready[0].revents != 0) take_signal();
      if (ready[1].revents != 0) {
        std::uint64_t count = 0;
        (void)!::read(wake, &count, sizeof count);
      }
      const std::lock_guard lock(mutex);
      if (stopping && !told) {
        told = true;
        if (on_stop) teller = std::thread(on_stop);
      }
      if (ended) break;
    }
    if (teller.joinable()) teller.join();
  }
};

Signals::Signals(std::unique_ptr<State> state) : state_(std::move(state)) {}

Signals::~Signals() = default;

Result<std::unique_ptr<Signals>> Signals::install(std::function<void()> on_stop) {
  const auto failed = [](const char* what) {
    return Error{Code::kUnavailable, std::string(what) + ": " + std::generic_category().message(errno)};
  };
  sigset_t set{};
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    errno = error;
    return failed("cannot block signals");
  }
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return failed("cannot ignore SIGPIPE");
  auto state = std::make_unique<State>(std::move(on_stop));
  state->signals = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  state->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (state->signals < 0 || state->wake < 0) return failed("cannot wait for signals");
  state->thread = std::thread([s = state.get()] { s->run(); });
  return std::unique_ptr<Signals>(new Signals(std::move(state)));
}

bool Signals::stopping() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stopping;
}

bool Signals::wait_for(std::chrono::milliseconds limit) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit, [this] { return state_->stopping; });
}

void Signals::wait() const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->stopping; });
}

void Signals::request_stop() { state_->stop(); }

}  // namespace berth::daemon
