// FaultyTransport: a Transport in front of another one that loses, delays and refuses what a test wants.
//
// Decorator; knows nothing of Kubernetes beyond "GET reads, everything else writes". Faults come from a
// policy: a function of the request, so that they are scripted or seeded. A crash is thrown (SimulatedCrash)
// through the code under test, which must not catch it: the process is gone. Thread-safety: all functions
// from any thread; the policy is called under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "kube/http/transport.h"

namespace berth::testing {

struct SimulatedCrash {
  std::size_t write = 0;  // after or before which
  bool after = false;
};

// What happens to one request.
struct NoFault {};
struct NotSent {  // fails before the server hears of it
  Code code = Code::kUnavailable;
};
struct ReplyLost {  // the server does it, we do not learn of it
  Code code = Code::kTimeout;
};
struct Answered {  // somebody on the way, or a server in trouble, answers this
  http::Response response = {};
};
using Fault = std::variant<NoFault, NotSent, ReplyLost, Answered>;

struct FaultContext {
  const http::Request& request;
  std::size_t number = 0;  // of this request, from 1
  std::size_t write = 0;   // of this write, from 1; 0 for reads
  bool stream = false;
};
using FaultPolicy = std::function<Fault(const FaultContext&)>;

// Answers as the API server gives them: Status JSON, but plain text for 429 (measured).
http::Response refusal(int status, int retry_after_seconds = 0);

// Probabilities per request, in thousandths.
struct FaultRates {
  int not_sent = 0;
  int reply_lost = 0;
  int conflict = 0;      // 409, writes only
  int throttled = 0;     // 429
  int broken = 0;        // 500
  int unavailable = 0;   // 503
  int unauthorized = 0;  // 401
};
FaultPolicy random_faults(FaultRates rates, std::uint64_t seed);

class FaultyTransport final : public http::Transport {
 public:
  explicit FaultyTransport(http::Transport& inner, FaultPolicy policy = {})
      : inner_(&inner), policy_(std::move(policy)) {}

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override;
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override;

  void set_policy(FaultPolicy policy);

  // The process dies just before or just after its n-th write (from 1, counted from the start).
  void crash_before_write(std::size_t n);
  void crash_after_write(std::size_t n);

  // Every open stream breaks now.
  void break_streams();

  [[nodiscard]] std::size_t requests() const;
  [[nodiscard]] std::size_t writes() const;

 private:
  Fault next_fault(const http::Request& request, bool stream, std::size_t& write);

  http::Transport* inner_;
  mutable std::mutex mutex_;
  FaultPolicy policy_;
  std::size_t requests_ = 0;
  std::size_t writes_ = 0;
  std::optional<std::size_t> crash_before_ = {};
  std::optional<std::size_t> crash_after_ = {};
  std::shared_ptr<std::atomic<std::uint64_t>> epoch_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace berth::testing
