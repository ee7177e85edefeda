// What an admission review costs, among 500 Deployments and their Services.
#include <benchmark/benchmark.h>

#include "bench/micro/require.h"
#include "bench/sample.h"
#include "core/admission.h"
#include "webhook/review_handler.h"

namespace berth::bench {
namespace {

// Argument: over how many namespaces the Deployments are spread.
void judge_service(benchmark::State& state) {
  const exposure::FactIndex facts = cluster(static_cast<int>(state.range(0)));
  AdmissionRequest request;
  request.object = exposing_service();
  Verdict verdict;
  for (auto _ : state) {
    verdict = judge(request, facts, kNow);
    benchmark::DoNotOptimize(verdict);
  }
  require(verdict.decision == Decision::kDeny, "the way to 5432 is denied");
  require(outcome(verdict).message.find("5432") != std::string::npos, "the denial names 5432");
}

// What the webhook does between two sockets: text in, text out.
void review_service(benchmark::State& state) {
  const exposure::FactIndex facts = cluster(static_cast<int>(state.range(0)));
  const std::string text = exposing_review();
  webhook::Reviewed reviewed;
  for (auto _ : state) {
    reviewed = webhook::review(text, &facts, kNow);
    benchmark::DoNotOptimize(reviewed);
  }
  require(reviewed.understood && !reviewed.outcome.allowed, "the review is understood and denied");
  require(reviewed.answer.find("5432") != std::string::npos, "the answer names 5432");
}

BENCHMARK(judge_service)->Name("judge a Service, 50 workloads in its namespace")->Arg(kWorkloads / 50);
BENCHMARK(judge_service)->Name("judge a Service, 500 workloads in its namespace")->Arg(1);
BENCHMARK(review_service)->Name("review a Service, text to text, 50 workloads")->Arg(kWorkloads / 50);

}  // namespace
}  // namespace berth::bench
