#include "kube/daemon/signals.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace berth::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Signals, TurnsSigtermIntoARequestToStop) {
  std::promise<void> told;
  const auto signals = std::move(*Signals::install([&] { told.set_value(); }));
  EXPECT_FALSE(signals->stopping());
  EXPECT_FALSE(signals->wait_for(0ms));
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(signals->wait_for(10s));
  signals->wait();
  EXPECT_TRUE(signals->stopping());
  EXPECT_EQ(told.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Signals, TurnsSigintIntoTheSame) {
  const auto signals = std::move(*Signals::install());
  ::kill(::getpid(), SIGINT);
  EXPECT_TRUE(signals->wait_for(10s));
}

TEST(Signals, LetsAProgramStopItself) {
  std::atomic<int> told{0};
  {
    const auto signals = std::move(*Signals::install([&] { ++told; }));
    std::thread other([&] { signals->wait(); });
    signals->request_stop();
    signals->request_stop();
    other.join();
  }
  EXPECT_EQ(told, 1);
}

TEST(Signals, EndsQuietlyWhenNobodyAskedToStop) {
  bool told = false;
  {
    const auto signals = std::move(*Signals::install([&] { told = true; }));
  }
  EXPECT_FALSE(told);
}

TEST(Signals, IgnoresBrokenPipes) {
  const auto signals = std::move(*Signals::install());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

// In a process of its own, as it ends it.
TEST(SignalsDeathTest, EndsAtOnceAtTheSecondSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto signals = std::move(*Signals::install([] {
          ::kill(::getpid(), SIGTERM);
          for (;;) ::pause();
        }));
        ::kill(::getpid(), SIGTERM);
        for (;;) ::pause();
      },
      testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace berth::daemon
