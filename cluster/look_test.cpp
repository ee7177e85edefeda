// One look at a cluster: everything that ways out are made of, or why not.
#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cluster/cluster_facts.h"
#include "core/exposure/ways_out.h"
#include "kube/adapters/table.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"

namespace berth::cluster {
namespace {

// Answers some lists otherwise than the server behind it.
class Gate final : public http::Transport {
 public:
  explicit Gate(http::Transport& beneath) : beneath_(&beneath) {}
  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    {
      const std::lock_guard lock(mutex);
      asked.push_back(request.target);
    }
    if (request.target == "/apis" && !discovery.empty()) return http::Response{200, {}, discovery};
    for (const auto& [plural, status] : answers) {
      const std::size_t at = request.target.find("/" + plural);
      if (at == std::string::npos) continue;
      return http::Response{status,
                            {},
                            R"({"kind":"Status","code":)" + std::to_string(status) + R"(,"message":")" +
                                plural + R"( is forbidden"})"};
    }
    return beneath_->exchange(request, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override {
    return beneath_->open(request, deadline);
  }

  [[nodiscard]] bool was_asked_for(const std::string& group) const {
    return std::any_of(asked.begin(), asked.end(), [&](const std::string& target) {
      return target.find("/apis/" + group + "/") != std::string::npos;
    });
  }

  std::vector<std::pair<std::string, int>> answers;
  std::string discovery;
  std::mutex mutex;
  std::vector<std::string> asked;

 private:
  http::Transport* beneath_;
};

struct Bench {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  Gate gate{server};
  client::Client client{gate, {.field_manager = "test"}};

  Bench() {
    Service web = testing::make_service("data", "web", {testing::make_service_port(443)}, "LoadBalancer");
    EXPECT_TRUE(client.create(wire::kService, web).ok());
    EXPECT_TRUE(
        client.create(wire::kPortRange, testing::make_prange("mesh", "NodePort", {"30500-30599"})).ok());
  }

  Result<Picture> look() { return ClusterFacts(client, clock, adapters::builtin(), {}).look_once(); }
};

TEST(Look, HasWhatStandsAndNeverWatches) {
  Bench bench;
  const auto picture = bench.look();
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_EQ(picture->index.services("data").size(), 1U);
  EXPECT_FALSE(exposure::ways_into("data", picture->index).empty());
  EXPECT_EQ(picture->books.ranges().usable().size(), 1U);
  for (const testing::LoggedRequest& request : bench.server.log()) EXPECT_FALSE(request.watch);
}

TEST(Look, TakesAKindThatIsNotServedForOneWithoutObjects) {
  Bench bench;
  bench.gate.answers = {{"exposurepolicies", 404}};
  const auto picture = bench.look();
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_TRUE(picture->index.policies().empty());
}

TEST(Look, AsksOnlyForWhatTheServerServesOrMayServe) {
  Bench bench;
  EXPECT_TRUE(bench.look().ok());
  EXPECT_TRUE(bench.gate.was_asked_for("traefik.io")) << "nobody has said what is served";
  bench.gate.asked.clear();
  bench.gate.discovery =
      R"({"kind":"APIGroupDiscoveryList","items":[
        {"metadata":{"name":"gateway.networking.k8s.io"},"versions":[{"version":"v1","freshness":"Current","resources":[
          {"resource":"gateways","responseKind":{"kind":"Gateway"},"scope":"Namespaced"}]}]},
        {"metadata":{"name":"projectcalico.org"},"versions":[{"version":"v3","freshness":"Stale"}]}]})";
  const auto picture = bench.look();
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_FALSE(bench.gate.was_asked_for("traefik.io"));
  EXPECT_TRUE(bench.gate.was_asked_for("gateway.networking.k8s.io"));
  EXPECT_TRUE(bench.gate.was_asked_for("projectcalico.org")) << "it did not answer, and may have objects";
  EXPECT_EQ(picture->index.services("data").size(), 1U);
}

TEST(Look, NamesEveryKindThatMayNotBeListed) {
  Bench bench;
  bench.gate.answers = {{"pods", 403}, {"networkpolicies", 403}};
  const auto picture = bench.look();
  ASSERT_FALSE(picture.ok());
  EXPECT_EQ(picture.error().code, Code::kForbidden);
  EXPECT_EQ(picture.error().message.find("cannot list networkpolicies, pods: "), 0U)
      << picture.error().message;
}

TEST(Look, FindsAServerThatIsAwayOnlyOnce) {
  Bench bench;
  bench.gate.answers = {{"api", 503}};
  const auto picture = bench.look();
  ASSERT_FALSE(picture.ok());
  EXPECT_EQ(picture.error().code, Code::kUnavailable);
  EXPECT_LT(picture.error().message.size(), 400U) << picture.error().message;
}

}  // namespace
}  // namespace berth::cluster
