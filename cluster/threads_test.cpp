// A picture that several threads keep up while others read it, for the thread sanitizer too.
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <thread>

#include "cluster/cluster_facts.h"
#include "kube/adapters/table.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"

namespace berth::cluster {
namespace {

// Within ten seconds, however busy the machine is.
bool soon(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Bench {
  testing::ManualClock clock;
  testing::FakeApiServer::Config config{.blocking_reads = true};
  testing::FakeApiServer server{clock, config};
  client::Client client{server, {.field_manager = "test"}};
  ClusterFacts facts{client, clock, adapters::builtin(), {}};

  Bench() { server.add_kind(wire::kEndpointSlice, {}); }

  bool add(const char* name) {
    return client
        .create(wire::kService, testing::make_service("data", name, {testing::make_service_port(80)}))
        .ok();
  }
  [[nodiscard]] std::size_t services() const {
    std::size_t count = 0;
    facts.read([&](const exposure::Facts* known, const NumberBooks&) {
      if (known != nullptr) count = known->services("data").size();
    });
    return count;
  }
};

TEST(Start, ListsEverythingAndThenFollowsWhatChanges) {
  Bench bench;
  ASSERT_TRUE(bench.add("before"));
  EXPECT_FALSE(bench.facts.ready());
  bench.facts.start();
  ASSERT_TRUE(soon([&] { return bench.facts.ready(); })) << bench.facts.missing();
  EXPECT_EQ(bench.services(), 1U);
  ASSERT_TRUE(bench.add("after"));
  EXPECT_TRUE(soon([&] { return bench.services() == 2; }));
  bench.facts.stop();
}

TEST(Start, EndsAtAnyMoment) {
  for (int i = 0; i < 20; ++i) {
    Bench bench;
    bench.facts.start();
    for (int k = 0; k < i; ++k) std::this_thread::yield();
    bench.facts.stop();
  }
}

}  // namespace
}  // namespace berth::cluster
