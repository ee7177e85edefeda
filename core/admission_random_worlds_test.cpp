// Properties of judge() that hold in random worlds, and how far it looks.
#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/ask_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::create;
using testing::update;

// --- random worlds ---

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_);
  }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  template <class T>
  const T& any(const std::vector<T>& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937_64 engine_;
};

const std::vector<std::int64_t> kRandomNumbers = {443, 80, 5432, 27017, 9000, 9250, 8443};
const std::vector<std::string> kApps = {"web", "db", "api"};

Labels random_labels(Dice& dice) { return {{"app", dice.any(kApps)}}; }

TargetPort random_target(Dice& dice) {
  switch (dice.below(4)) {
    case 0:
      return {};
    case 1:
      return dice.chance(2) ? name_of("main") : name_of("side");
    default:
      return number_of(dice.any(kRandomNumbers));
  }
}

Service random_service(Dice& dice, std::string name) {
  std::vector<ServicePort> ports;
  const std::size_t count = 1 + dice.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    ports.push_back(port(dice.any(kRandomNumbers), random_target(dice)));
    ports.back().name = "p" + std::to_string(i);
    if (dice.chance(3))
      ports.back().node_port = dice.chance(4) ? 27017 : 30000 + static_cast<std::int64_t>(i);
  }
  Service made =
      service(dice.any<std::string>({"ClusterIP", "NodePort", "LoadBalancer"}), ports, std::move(name));
  made.selector = dice.chance(8) ? Labels{} : random_labels(dice);
  if (dice.chance(4)) made.external_ips = {"203.0.113.9"};
  if (dice.chance(3)) made.allocate_load_balancer_node_ports = false;
  if (dice.chance(3)) made.load_balancer_source_ranges = {dice.chance(2) ? "10.0.0.0/8" : "10.1.0.0/16"};
  return made;
}

Workload random_workload(Dice& dice, std::string name) {
  std::vector<ContainerPort> ports;
  const std::size_t count = dice.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    ports.push_back(container_port(dice.any(kRandomNumbers), i == 0 ? "main" : "side"));
    if (dice.chance(5)) ports.back().host_port = dice.any(kRandomNumbers);
  }
  Workload made =
      workload(dice.any<std::string>({"Deployment", "StatefulSet", "Pod"}), std::move(name), ports);
  made.template_labels = random_labels(dice);
  made.pod.host_network = dice.chance(8);
  return made;
}

Entrance random_ingress(Dice& dice, std::string name) {
  std::vector<IngressBackend> backends;
  const std::size_t count = 1 + dice.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string target = "s" + std::to_string(dice.below(4));
    backends.push_back(dice.chance(2) ? backend(target, dice.any(kRandomNumbers)) : backend(target, "p0"));
  }
  Ingress made =
      ingress_manifest(std::move(backends), dice.any<std::string>({"a.example.org", "b.example.org", ""}));
  made.meta.name = std::move(name);
  made.tls = dice.chance(2);
  return exposure::testing::entrance_of(made);
}

struct RandomWorld {
  std::vector<Service> services;
  std::vector<Workload> workloads;
  std::vector<Entrance> ingresses;

  static RandomWorld roll(Dice& dice) {
    RandomWorld made;
    for (std::size_t i = 0, n = dice.below(4); i < n; ++i) {
      made.services.push_back(random_service(dice, "s" + std::to_string(i)));
    }
    for (std::size_t i = 0, n = dice.below(5); i < n; ++i) {
      made.workloads.push_back(random_workload(dice, "w" + std::to_string(i)));
    }
    for (std::size_t i = 0, n = dice.below(3); i < n; ++i) {
      made.ingresses.push_back(random_ingress(dice, "i" + std::to_string(i)));
    }
    return made;
  }

  [[nodiscard]] World world() const {
    World made(control_plane());
    for (const Service& each : services) made.add(each);
    for (const Workload& each : workloads) made.add(each);
    for (const Entrance& each : ingresses) made.add(each);
    return made;
  }
};

Judged random_object(Dice& dice) {
  switch (dice.below(3)) {
    case 0:
      return random_service(dice, "s0");
    case 1:
      return random_workload(dice, "w0");
    default:
      return random_ingress(dice, "i0");
  }
}

constexpr std::uint64_t kSeeds = 1000;

TEST(RandomWorlds, AnObjectThatDoesNotChangeAlwaysPasses) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const World world = RandomWorld::roll(dice).world();
    const Judged object = random_object(dice);
    ASSERT_EQ(update(world, object, object), Verdict{});
  }
}

TEST(RandomWorlds, AnUpdateIsNeverRefusedForMoreThanACreation) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const World world = RandomWorld::roll(dice).world();
    const Judged after = random_object(dice);
    Judged before = random_object(dice);
    while (before.index() != after.index()) before = random_object(dice);
    if (auto* workload_before = std::get_if<Workload>(&before))
      workload_before->kind = std::get<Workload>(after).kind;
    const Verdict created = create(world, after);
    const Verdict updated = update(world, before, after);
    ASSERT_LE(updated.decision, created.decision);
    // The same is said of it, if not by the same path: a hidden node port is only told of when its load
    // balancer was there before.
    for (const Finding& finding : updated.findings) {
      const auto says_the_same = [&](const Finding& other) {
        return other.decision == finding.decision && other.message == finding.message;
      };
      ASSERT_TRUE(std::any_of(created.findings.begin(), created.findings.end(), says_the_same))
          << finding.path;
    }
  }
}

TEST(RandomWorlds, TheOrderOfFactsDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    RandomWorld rolled = RandomWorld::roll(dice);
    const Judged object = random_object(dice);
    const Decision forward = create(rolled.world(), object).decision;
    std::reverse(rolled.services.begin(), rolled.services.end());
    std::reverse(rolled.workloads.begin(), rolled.workloads.end());
    std::reverse(rolled.ingresses.begin(), rolled.ingresses.end());
    ASSERT_EQ(create(rolled.world(), object).decision, forward);
  }
}

// More knowledge never turns a denial of an internal number into an admission (there are no exceptions and no
// allocations here; what was merely undeclared or unknown may become known).
using Ask = std::function<Verdict(const World&, const Service&)>;

int denials_lost_by_knowing_more(const Ask& ask) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Dice dice(seed);
    RandomWorld rolled = RandomWorld::roll(dice);
    const Service object = random_service(dice, "judged");
    const auto internal = [](const Verdict& verdict) {
      return std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& finding) {
        return finding.decision == Decision::kDeny &&
               finding.message.find("is internal") != std::string::npos;
      });
    };
    const bool before = internal(ask(rolled.world(), object));
    rolled.workloads.push_back(random_workload(dice, "more"));
    rolled.services.push_back(random_service(dice, "more"));
    rolled.ingresses.push_back(random_ingress(dice, "more"));
    World more = rolled.world();
    ExposurePolicy generous;
    generous.meta.name = "generous";
    generous.spec.undeclared = "Allow";
    generous.spec.unknown = "Allow";
    more.add(generous);
    if (before && !internal(ask(more, object))) ++lost;
  }
  return lost;
}

// Known to be wrong: looks only at the workload that it heard of last.
class Forgetful final : public exposure::Facts {
 public:
  explicit Forgetful(const World& world) : world_(world) {}
  std::vector<const Service*> services(std::string_view ns) const override { return world_.services(ns); }
  std::vector<const Service*> aliases(std::string_view ns) const override { return world_.aliases(ns); }
  std::vector<const Entrance*> entrances(std::string_view ns) const override { return world_.entrances(ns); }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override {
    return world_.entrances_at(gateway);
  }
  std::vector<const Gateway*> gateways(std::string_view ns) const override { return world_.gateways(ns); }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override {
    return world_.listener_sets_of(gateway);
  }
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override { return world_.grants(ns); }
  std::vector<const Backend*> backends(std::string_view ns) const override { return world_.backends(ns); }
  std::vector<const Backend*> backends_to(std::string_view place) const override {
    return world_.backends_to(place);
  }
  std::vector<const Workload*> workloads(std::string_view ns) const override {
    std::vector<const Workload*> all = world_.workloads(ns);
    if (all.size() > 1) all.erase(all.begin(), all.end() - 1);
    return all;
  }
  std::vector<const Workload*> workloads_at(std::string_view) const override { return {}; }
  std::vector<const EndpointSlice*> slices_of(const Service&) const override { return {}; }
  std::vector<const NetworkPolicy*> network_policies(std::string_view) const override { return {}; }
  std::vector<const NetworkSet*> network_sets() const override { return {}; }
  std::vector<const Advertisement*> advertisements() const override { return {}; }
  std::vector<const Service*> every_service() const override { return world_.every_service(); }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return world_.allocations(ns);
  }
  const Labels* namespace_labels(std::string_view ns) const override { return world_.namespace_labels(ns); }
  std::vector<const ExposurePolicy*> policies() const override { return world_.policies(); }
  std::vector<std::string> namespaces() const override { return world_.namespaces(); }

 private:
  const World& world_;
};

TEST(RandomWorlds, KnowingMoreLosesNoDenial) {
  EXPECT_EQ(denials_lost_by_knowing_more(
                [](const World& world, const Service& object) { return create(world, object); }),
            0);
  EXPECT_GT(denials_lost_by_knowing_more(
                [](const World& world, const Service& object) { return create(Forgetful(world), object); }),
            0)
      << "the property cannot fail";
}

// --- how far it looks ---

class Watched final : public exposure::Facts {
 public:
  explicit Watched(const World& world) : world_(world) {}
  std::vector<const Service*> services(std::string_view ns) const override {
    return note(ns), world_.services(ns);
  }
  std::vector<const Service*> aliases(std::string_view ns) const override {
    return note(ns), world_.aliases(ns);
  }
  std::vector<const Entrance*> entrances(std::string_view ns) const override {
    return note(ns), world_.entrances(ns);
  }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override {
    return note(gateway.meta.ns), world_.entrances_at(gateway);
  }
  std::vector<const Gateway*> gateways(std::string_view ns) const override {
    return note(ns), world_.gateways(ns);
  }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override {
    return note(gateway.meta.ns), world_.listener_sets_of(gateway);
  }
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override {
    return note(ns), world_.grants(ns);
  }
  std::vector<const Backend*> backends(std::string_view ns) const override {
    return note(ns), world_.backends(ns);
  }
  std::vector<const Backend*> backends_to(std::string_view place) const override {
    return note(place), world_.backends_to(place);
  }
  std::vector<const Workload*> workloads(std::string_view ns) const override {
    return note(ns), world_.workloads(ns);
  }
  std::vector<const Workload*> workloads_at(std::string_view address) const override {
    return world_.workloads_at(address);  // only of a slice, which knows no namespaces
  }
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override {
    return note(service.meta.ns), world_.slices_of(service);
  }
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override {
    return note(ns), world_.network_policies(ns);
  }
  std::vector<const NetworkSet*> network_sets() const override { return world_.network_sets(); }
  std::vector<const Advertisement*> advertisements() const override { return world_.advertisements(); }
  std::vector<const Service*> every_service() const override {
    return note("every namespace"), world_.every_service();
  }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return note(ns), world_.allocations(ns);
  }
  const Labels* namespace_labels(std::string_view ns) const override {
    return note(ns), world_.namespace_labels(ns);
  }
  std::vector<const ExposurePolicy*> policies() const override { return world_.policies(); }
  std::vector<std::string> namespaces() const override {
    return note("every namespace"), world_.namespaces();
  }

  mutable std::set<std::string> asked;
  mutable int questions = 0;

 private:
  void note(std::string_view ns) const {
    asked.emplace(ns);
    ++questions;
  }
  const World& world_;
};

TEST(Reach, NeverLooksBeyondTheNamespaceOfTheObject) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const World world = RandomWorld::roll(dice).world();
    const Watched watched(world);
    create(watched, random_object(dice));
    for (const std::string& ns : watched.asked) ASSERT_EQ(ns, "data");
  }
}

TEST(Reach, AServiceThatOpensNothingCostsNoLookAtWorkloads) {
  World world(control_plane());
  world.add(deployment({container_port(5432)}));
  const Watched watched(world);
  create(watched, service("ClusterIP", {port(5432)}));
  EXPECT_LE(watched.questions, 3)
      << "only the entrances and the backends, which might name it, and other names that it has";
}

}  // namespace
}  // namespace berth
