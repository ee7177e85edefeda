// What the operator thinks of an allocation: when it is new, and at rest, when there must be nothing to do.
#include <benchmark/benchmark.h>

#include "bench/micro/require.h"
#include "core/allocation/builders_for_test.h"
#include "core/plan.h"

namespace berth::bench {
namespace {

// One allocation of four ports in a namespace, with its numbers claimed.
class Scene {
 public:
  Scene() {
    cluster_.ranges = {testing::range("mesh", "NodePort", {"30000-32767"})};
    cluster_.allocations = {testing::allocation(
        "web", {testing::port("api"), testing::port("db"), testing::port("log"), testing::port("mail")})};
    ns_.meta.name = "mesh";
    cluster_.write_all(cluster_.claim_all().writes);
  }

  [[nodiscard]] Observation observe() const {
    Observation seen{.allocation = &cluster_.allocations.front()};
    seen.entries = cluster_.ledgers.of_owner(seen.allocation->meta.uid);
    seen.services = testing::Cluster::pointers(cluster_.services);
    seen.policies = testing::Cluster::pointers(policies_);
    seen.ns = &ns_;
    seen.ranges = &ranges_;
    seen.uses = &uses_;
    return seen;
  }

  // As the API server would.
  void carry_out(const Plan& plan) {
    for (const Action& action : plan.actions) {
      if (const auto* write = std::get_if<WriteStatus>(&action)) {
        cluster_.allocations.front().status = write->status;
      } else if (const auto* service = std::get_if<CreateService>(&action)) {
        cluster_.services.push_back(stored(service->service));
      } else if (const auto* policy = std::get_if<CreatePolicy>(&action)) {
        policies_.push_back(stored(policy->policy));
      }
    }
    ranges_ = cluster_.compiled();
    uses_ = cluster_.uses();
  }

 private:
  template <class T>
  static T stored(T object) {
    object.meta.uid.text = "uid-of-" + object.meta.name;
    object.meta.resource_version = "1";
    return object;
  }

  testing::Cluster cluster_ = {};
  Namespace ns_ = {};
  std::vector<NetworkPolicy> policies_ = {};
  allocation::Ranges ranges_ = cluster_.compiled();
  allocation::Uses uses_ = cluster_.uses();
};

void plan_new(benchmark::State& state) {
  Scene scene;
  scene.carry_out({});
  const Observation seen = scene.observe();
  Plan made;
  for (auto _ : state) {
    made = plan(seen, Instant{1'763'800'000'000});
    benchmark::DoNotOptimize(made);
  }
  require(made.actions.size() == 7, "numbers, four policies, a Service and Ready are to be written");
}

void plan_at_rest(benchmark::State& state) {
  Scene scene;
  scene.carry_out({});
  scene.carry_out(plan(scene.observe(), Instant{1'763'800'000'000}));
  const Observation seen = scene.observe();
  Plan made;
  for (auto _ : state) {
    made = plan(seen, Instant{1'763'800'000'000});
    benchmark::DoNotOptimize(made);
  }
  require(seen.services.size() == 1 && made.settled() && made.notices.empty(), "nothing is to be done");
}

BENCHMARK(plan_new)->Name("plan a new allocation of four ports");
BENCHMARK(plan_at_rest)->Name("plan at rest, four ports");

}  // namespace
}  // namespace berth::bench
