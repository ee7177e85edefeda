// How long one decision takes, and what is seldom: the 50th and the 99th of a hundred, among so many objects.
//
// A decision is judge(): the webhook's answer without text and sockets. Each is about another namespace, as
// in life, so that nothing of it is in the caches of the processor because of the one before.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "bench/micro/require.h"
#include "bench/sample.h"
#include "core/admission.h"

namespace berth::bench {
namespace {

constexpr int kDecisions = 20'000;
constexpr int kWorkloadsOfNamespace = 50;

double percentile(std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

// Argument: Services and workloads, in namespaces of fifty of each.
void decide(benchmark::State& state) {
  const int workloads = static_cast<int>(state.range(0)) / 2;
  const int namespaces = workloads / kWorkloadsOfNamespace;
  const exposure::FactIndex facts = cluster(namespaces, workloads);
  AdmissionRequest request;
  request.object = exposing_service();
  auto& service = std::get<Service>(*request.object);
  std::vector<double> microseconds;
  std::size_t denied = 0;
  int next = 0;
  for (auto _ : state) {
    next = (next + 7919) % namespaces;
    service.meta.ns = "team-" + std::to_string(next);
    service.selector["app"] = "app-" + std::to_string(next);
    const auto begun = std::chrono::steady_clock::now();
    Verdict verdict = judge(request, facts, kNow);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begun;
    benchmark::DoNotOptimize(verdict);
    microseconds.push_back(took.count());
    denied += verdict.decision == Decision::kDeny ? 1 : 0;
  }
  require(denied == microseconds.size(), "every way to 5432 is denied");
  std::sort(microseconds.begin(), microseconds.end());
  state.counters["p50_us"] = percentile(microseconds, 0.50);
  state.counters["p99_us"] = percentile(microseconds, 0.99);
}

BENCHMARK(decide)->Arg(1'000)->Arg(10'000)->Arg(50'000)->Arg(200'000)->Iterations(kDecisions);

}  // namespace
}  // namespace berth::bench
