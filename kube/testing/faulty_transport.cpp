#include "kube/testing/faulty_transport.h"

#include <utility>

#include "core/base/overloaded.h"
#include "kube/http/status_error.h"

namespace berth::testing {
namespace {

Error no_answer(Code code) {
  return Error{code, code == Code::kTimeout ? "no answer in time" : "the connection broke"};
}

const char* reason_of(int status) {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 409:
      return "Conflict";
    case 410:
      return "Expired";
    case 500:
      return "InternalError";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "";
  }
}

// Ends with an error when its transport breaks the streams that are open.
class CutStream final : public http::Stream {
 public:
  CutStream(std::unique_ptr<http::Stream> inner, std::shared_ptr<const std::atomic<std::uint64_t>> epoch)
      : inner_(std::move(inner)), epoch_(std::move(epoch)), opened_(epoch_->load()) {}

  Result<std::string> read(std::chrono::milliseconds silence) override {
    if (epoch_->load() != opened_) return no_answer(Code::kUnavailable);
    return inner_->read(silence);
  }
  void cancel() override { inner_->cancel(); }

 private:
  std::unique_ptr<http::Stream> inner_;
  std::shared_ptr<const std::atomic<std::uint64_t>> epoch_;
  std::uint64_t opened_;
};

}  // namespace

http::Response refusal(int status, int retry_after_seconds) {
  http::Response response;
  response.status = status;
  if (retry_after_seconds > 0) response.headers["retry-after"] = std::to_string(retry_after_seconds);
  if (status == 429) {
    response.headers["content-type"] = "text/plain; charset=utf-8";
    response.body = "Too many requests, please try again later.\n";
    return response;
  }
  response.headers["content-type"] = "application/json";
  response.body =
      std::string("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",") +
      "\"message\":\"injected by a test\",\"reason\":\"" + reason_of(status) +
      "\",\"code\":" + std::to_string(status) + "}";
  return response;
}

FaultPolicy random_faults(FaultRates rates, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  return [rates, random](const FaultContext& context) -> Fault {
    // One draw per request, so that a schedule does not depend on which faults are switched on.
    auto draw = static_cast<int>((*random)() % 1000);
    const auto hit = [&draw](int rate) {
      draw -= rate;
      return draw < 0;
    };
    if (hit(rates.not_sent)) return NotSent{};
    if (hit(rates.reply_lost)) return context.write > 0 ? Fault(ReplyLost{}) : Fault(NotSent{Code::kTimeout});
    if (hit(rates.conflict)) return context.write > 0 ? Fault(Answered{refusal(409)}) : Fault(NoFault{});
    if (hit(rates.throttled)) return Answered{refusal(429, 1)};
    if (hit(rates.broken)) return Answered{refusal(500)};
    if (hit(rates.unavailable)) return Answered{refusal(503, 5)};
    if (hit(rates.unauthorized)) return Answered{refusal(401)};
    return NoFault{};
  };
}

Fault FaultyTransport::next_fault(const http::Request& request, bool stream, std::size_t& write) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  write = request.method == "GET" ? 0 : ++writes_;
  if (write > 0 && crash_before_ == write) throw SimulatedCrash{write, false};
  if (!policy_) return NoFault{};
  return policy_(FaultContext{request, requests_, write, stream});
}

Result<http::Response> FaultyTransport::exchange(const http::Request& request,
                                                 std::chrono::milliseconds deadline) {
  std::size_t write = 0;
  Fault fault = next_fault(request, false, write);
  const auto pass = [&] {
    auto answer = inner_->exchange(request, deadline);
    const std::lock_guard lock(mutex_);
    if (write > 0 && crash_after_ == write) throw SimulatedCrash{write, true};
    return answer;
  };
  return std::visit(
      Overloaded{
          [&](const NoFault&) { return pass(); },
          [](const NotSent& lost) { return Result<http::Response>(no_answer(lost.code)); },
          [&](const ReplyLost& lost) {
            (void)pass();
            return Result<http::Response>(no_answer(lost.code));
          },
          [](Answered& answered) { return Result<http::Response>(std::move(answered.response)); },
      },
      fault);
}

Result<std::unique_ptr<http::Stream>> FaultyTransport::open(const http::Request& request,
                                                            std::chrono::milliseconds deadline) {
  using Opened = Result<std::unique_ptr<http::Stream>>;
  std::size_t write = 0;
  Fault fault = next_fault(request, true, write);
  return std::visit(
      Overloaded{
          [&](const NoFault&) -> Opened {
            TRY(std::unique_ptr<http::Stream> stream, inner_->open(request, deadline));
            return std::unique_ptr<http::Stream>(std::make_unique<CutStream>(std::move(stream), epoch_));
          },
          [](const NotSent& lost) -> Opened { return no_answer(lost.code); },
          [](const ReplyLost& lost) -> Opened { return no_answer(lost.code); },
          [](const Answered& answered) -> Opened { return http::error_from_status(answered.response); },
      },
      fault);
}

void FaultyTransport::set_policy(FaultPolicy policy) {
  const std::lock_guard lock(mutex_);
  policy_ = std::move(policy);
}

void FaultyTransport::crash_before_write(std::size_t n) {
  const std::lock_guard lock(mutex_);
  crash_before_ = n;
}

void FaultyTransport::crash_after_write(std::size_t n) {
  const std::lock_guard lock(mutex_);
  crash_after_ = n;
}

void FaultyTransport::break_streams() { ++*epoch_; }

std::size_t FaultyTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t FaultyTransport::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

}  // namespace berth::testing
