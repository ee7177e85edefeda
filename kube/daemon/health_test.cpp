#include "kube/daemon/health.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace berth::daemon {
namespace {

http::Reply ask(const Health& health, const std::string& target, const std::string& method = "GET") {
  return health.answer({.method = method, .target = target});
}

TEST(Health, SaysOkWhenAllChecksPass) {
  Health health(nullptr);
  health.add_readiness("caches-synced", [] { return std::nullopt; });
  for (const char* path : {"/livez", "/healthz", "/readyz", "/readyz?", "/readyz?a=b", "/livez?verbosely"}) {
    const auto reply = ask(health, path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, "ok") << path;
  }
}

TEST(Health, NamesTheCheckThatFailsAndWhy) {
  Health health(nullptr);
  std::optional<std::string> why = "Pods are being listed";
  health.add_readiness("certificate", [] { return std::nullopt; });
  health.add_readiness("caches-synced", [&] { return why; });
  auto reply = ask(health, "/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(
      reply.body,
      "[+]ping ok\n[+]certificate ok\n[-]caches-synced failed: Pods are being listed\nreadyz check failed\n");
  EXPECT_EQ(ask(health, "/livez").status, 200);
  why = std::nullopt;
  EXPECT_EQ(ask(health, "/readyz").status, 200);
}

TEST(Health, ShowsEveryCheckWhenAskedTo) {
  Health health(nullptr);
  health.add_liveness("loop", [] { return std::nullopt; });
  for (const char* target : {"/healthz?verbose", "/healthz?verbose=1", "/healthz?a&verbose"}) {
    EXPECT_EQ(ask(health, target).body, "[+]ping ok\n[+]loop ok\nhealthz check passed\n") << target;
  }
  EXPECT_EQ(ask(health, "/readyz?verbose").body, "[+]ping ok\nreadyz check passed\n");
}

TEST(Health, KeepsLivenessAndReadinessApart) {
  Health health(nullptr);
  health.add_liveness("loop", [] { return "stuck"; });
  EXPECT_EQ(ask(health, "/livez").status, 503);
  EXPECT_EQ(ask(health, "/healthz").status, 503);
  EXPECT_EQ(ask(health, "/readyz").status, 200);
}

TEST(Health, IsAliveButNotReadyWhileDraining) {
  Health health(nullptr);
  health.set_draining();
  EXPECT_EQ(ask(health, "/readyz").status, 503);
  EXPECT_NE(ask(health, "/readyz").body.find("[-]draining failed"), std::string::npos);
  EXPECT_EQ(ask(health, "/livez").status, 200);
}

TEST(Health, ServesMetricsWhereThereAreSome) {
  Metrics metrics;
  metrics.gauge("berth_a", "A.").set(1);
  const Health health(&metrics);
  const auto reply = ask(health, "/metrics");
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(reply.body.find("\nberth_a 1\n"), std::string::npos);
  EXPECT_EQ(ask(Health(nullptr), "/metrics").status, 404);
}

TEST(Health, RefusesOtherPathsAndMethods) {
  const Health health(nullptr);
  for (const char* path : {"/", "", "/readyzz", "/readyz/", "/READYZ", "/livez/../readyz", "?verbose"}) {
    EXPECT_EQ(ask(health, path).status, 404) << path;
  }
  EXPECT_EQ(ask(health, "/readyz", "POST").status, 405);
  EXPECT_EQ(ask(health, "/readyz", "HEAD").status, 200);
}

TEST(Health, IsAHandlerOfTheServer) {
  const Health health(nullptr);
  EXPECT_EQ(health.handler()({.method = "GET", .target = "/livez"}).body, "ok");
}

}  // namespace
}  // namespace berth::daemon
