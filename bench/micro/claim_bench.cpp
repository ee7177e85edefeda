// What a number costs: claims in the node port range (2768 numbers) with a ledger that is nearly empty or
// full.
#include <benchmark/benchmark.h>
#include <set>

#include "bench/micro/require.h"
#include "core/allocation/builders_for_test.h"
#include "core/allocation/chooser.h"

namespace berth::bench {
namespace {

constexpr std::int64_t kFirst = 30000;
constexpr std::int64_t kLast = 32767;

bool held(std::int64_t number, std::int64_t percent) { return number % 10 < percent / 10; }

// Arguments: how full the range is in percent, how many allocations wait for one number each.
void claim(benchmark::State& state) {
  testing::Cluster cluster;
  cluster.ranges = {testing::range("mesh", "NodePort", {"30000-32767"})};
  const PortAllocation other = testing::allocation("other", {testing::port("x")});
  std::int64_t sequence = 0;
  for (std::int64_t number = kFirst; number <= kLast; ++number) {
    if (held(number, state.range(0))) {
      cluster.put(allocation::Space::kNodePort, number, testing::entry(other, "x", ++sequence));
    }
  }
  for (int i = 0; i < state.range(1); ++i) {
    cluster.allocations.push_back(testing::allocation("web-" + std::to_string(i), {testing::port("api")}, i));
  }
  std::vector<allocation::Request> requests;
  for (const PortAllocation& object : cluster.allocations) {
    requests.push_back({&object, &cluster.namespace_labels});
  }
  const auto ranges = cluster.compiled();
  const auto uses = cluster.uses();
  const allocation::InternalNumbers internal(std::vector<const ExposurePolicy*>{});
  const allocation::ClaimView view{cluster.ledgers,   ranges,      uses, internal, cluster.rest,
                                   cluster.monotonic, cluster.now, 1};

  allocation::ClaimPlan plan;
  for (auto _ : state) {
    plan = allocation::claim(requests, view);
    benchmark::DoNotOptimize(plan);
  }
  require(plan.grants.size() == requests.size() && !plan.writes.empty(), "every claim was granted");
  std::set<std::int64_t> granted;
  for (const allocation::Grant& grant : plan.grants) {
    const std::int64_t number = grant.ports.front().number.number();
    require(number >= kFirst && number <= kLast && !held(number, state.range(0)), "the number was free");
    require(granted.insert(number).second, "no number was granted twice");
  }
}

BENCHMARK(claim)->Name("claim a number, range 10 % full")->Args({10, 1});
BENCHMARK(claim)->Name("claim a number, range 90 % full")->Args({90, 1});
BENCHMARK(claim)->Name("claim 200 numbers at once, range 90 % full")->Args({90, 200});

}  // namespace
}  // namespace berth::bench
