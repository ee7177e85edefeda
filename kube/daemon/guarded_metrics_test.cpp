#include "kube/daemon/guarded_metrics.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "kube/http/certificate.h"
#include "kube/http/testing/raw_client.h"
#include "kube/http/testing/socket_io.h"

namespace berth::daemon {
namespace {

namespace fs = std::filesystem;
using http::test::RawClient;

const Log kSilent(LogFormat::kText, LogLevel::kError, [](std::string_view) {});

AccessReviews reviews() {
  return {[](const std::string& token) -> Result<std::optional<http::Requester>> {
            if (token == "reader") return std::optional(http::Requester{.user = "reader"});
            return std::optional<http::Requester>();
          },
          [](const http::Requester&) -> Result<bool> { return true; }};
}

int status_of(std::uint16_t port, const std::string& authorization) {
  const auto client = RawClient::tls(port);
  if (!client) return 0;
  const std::string header = authorization.empty() ? "" : "Authorization: " + authorization + "\r\n";
  return client->ask("GET /metrics HTTP/1.1\r\nHost: x\r\n" + header + "\r\n").status;
}

TEST(GuardedMetrics, AreServedOverTlsToWhoShowsAToken) {
  Metrics metrics;
  const auto served = GuardedMetrics::start({.listen = {"127.0.0.1", 0}}, metrics, reviews(), kSilent);
  ASSERT_TRUE(served.ok());
  EXPECT_EQ(status_of((*served)->port(), ""), 401);
  EXPECT_EQ(status_of((*served)->port(), "Bearer wrong"), 401);
  EXPECT_EQ(status_of((*served)->port(), "Bearer reader"), 200);
  EXPECT_EQ(RawClient::tls((*served)->port())->certificate_name(), "berth-metrics");
}

TEST(GuardedMetrics, TakeTheirCertificateFromFilesAndTakeTheNextOne) {
  const fs::path directory = fs::path(::testing::TempDir()) / "guarded_metrics";
  fs::remove_all(directory);
  fs::create_directories(directory);
  const auto write = [&](const std::string& name) {
    const Instant now{
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count()};
    const auto pair = http::make_self_signed(name, {"localhost"}, now, std::chrono::hours(1)).value();
    std::ofstream(directory / "tls.crt") << pair.certificate_pem;
    std::ofstream(directory / "tls.key") << pair.key_pem;
  };
  Metrics metrics;
  const auto served =
      GuardedMetrics::start({{"127.0.0.1", 0}, directory.string()}, metrics, reviews(), kSilent);
  ASSERT_TRUE(served.ok());
  EXPECT_EQ(RawClient::tls((*served)->port()), nullptr) << "there is none yet";
  const auto shows = [&](const std::string& name) {
    return http::test::eventually([&] {
      const auto client = RawClient::tls((*served)->port());
      return client && client->certificate_name() == name;
    });
  };
  write("first");
  EXPECT_TRUE(shows("first"));
  std::ofstream(directory / "tls.key") << "half of a";
  write("second");
  EXPECT_TRUE(shows("second"));
  fs::remove_all(directory);
}

}  // namespace
}  // namespace berth::daemon
