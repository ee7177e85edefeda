// What one more allocation costs the ledgers of a cluster that has many: a step of the bookkeeper, from the
// stores to the written shard, by an API server in this process. Beside each claim a Service comes, as in
// life: that of the claim before.
#include <benchmark/benchmark.h>
#include <memory>
#include <string>

#include "bench/micro/require.h"
#include "core/allocation/ledger.h"
#include "operator/testing/workbench.h"

namespace berth::bench {
namespace {

using controller::Workbench;

constexpr std::int64_t kFirst = 1024;
constexpr std::int64_t kLast = 65535;
constexpr std::int64_t kFence = 5;

// As the API server would return it, later than what the stores have listed.
template <class T>
T stored(T object, int number) {
  object.meta.uid = Uid{"00000000-0000-4000-8000-" + std::to_string(100000000000 + number)};
  object.meta.resource_version = "1000000";
  object.meta.generation = 1;
  return object;
}

PortAllocation allocation(int number) {
  const std::string name = "web-" + std::to_string(number);
  return stored(testing::make_palloc("mesh", name, "mesh",
                                     {testing::make_palloc_port("api", std::int64_t{8080}, 0)}, "External"),
                number);
}

// A cluster in which so many allocations have their numbers and Services.
class Cluster {
 public:
  explicit Cluster(int allocations) : bench_(kFirst, kLast) {
    allocation::Ledger ledger(allocation::Space::kNodePort);
    allocation::ShardWriter writer(ledgers_, kFence);
    for (int i = 0; i < allocations; ++i) {
      const PortAllocation owner = allocation(i);
      allocation::Entry entry;
      entry.owner = owner.meta.key();
      entry.owner_uid = owner.meta.uid;
      entry.slots = {{"api", Protocol::kTcp}};
      entry.range = "mesh";
      writer.put(allocation::Space::kNodePort, {Port::of(static_cast<std::int32_t>(kFirst) + i)}, entry, {});
    }
    for (const allocation::ShardWrite& shard : writer.writes()) bench_.make(wire::kPortLedger, shard.object);
    bench_.read();
    for (int i = 0; i < allocations; ++i) settle(i);
    (void)bench_.bookkeeper.step(kFence);  // the first looks at everything
  }

  // The allocation comes, and asks for a number.
  ObjectKey arrive() {
    const PortAllocation one = allocation(next_);
    bench_.stores.allocations.put_written(one);
    return one.meta.key();
  }
  // Its number has been told and published.
  void settle(int number) {
    PortAllocation owner = allocation(number);
    const std::int64_t port = kFirst + number;
    owner.status.ports = {{.name = "api", .port = port, .protocol = Protocol::kTcp}};
    owner.meta.resource_version = "1000001";
    bench_.stores.services.put_written(
        stored(controller::generated_service(owner, port), 1'000'000 + number));
    bench_.stores.allocations.put_written(owner);
    next_ = number + 1;
  }
  void settle_last() { settle(next_); }

  controller::BookkeepingReport step(const ObjectKey& news) {
    return bench_.bookkeeper.step(kFence, {false, {news}});
  }

 private:
  const allocation::Ledgers ledgers_ = {};
  Workbench bench_;
  int next_ = 0;
};

void claim_one_more(benchmark::State& state) {
  Cluster cluster(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    const ObjectKey one = cluster.arrive();
    state.ResumeTiming();
    const auto report = cluster.step(one);
    state.PauseTiming();
    require(report.status.ok() && report.granted.size() == 1 && report.writes == 1, "the number was granted");
    cluster.settle_last();
    state.ResumeTiming();
  }
}

BENCHMARK(claim_one_more)->Name("ledgers: one more claim beside 1 000")->Arg(1000);
BENCHMARK(claim_one_more)->Name("ledgers: one more claim beside 10 000")->Arg(10000);
BENCHMARK(claim_one_more)->Name("ledgers: one more claim beside 50 000")->Arg(50000);

}  // namespace
}  // namespace berth::bench
