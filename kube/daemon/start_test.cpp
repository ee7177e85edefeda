#include "kube/daemon/start.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "kube/http/testing/raw_client.h"

namespace berth::daemon {
namespace {

using http::test::get;
using http::test::RawClient;

TEST(Start, GivesUpWithALineAndExitStatusOne) {
  std::vector<std::string> lines;
  const Log log(LogFormat::kJson, LogLevel::kInfo, [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(give_up(log, "Finding the cluster", Error{Code::kNotFound, "there is none"}), 1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"level\":\"error\""), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("Finding the cluster"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("there is none"), std::string::npos) << lines[0];
}

TEST(Start, ServesHealthWithoutTlsWhereItIsTold) {
  const Health health(nullptr);
  const auto server = serve_health({"127.0.0.1", 0}, health);
  ASSERT_TRUE(server.ok()) << server.error().message;
  const auto client = RawClient::plain((*server)->port());
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->ask(get("/healthz")).body, "ok");
}

TEST(Start, SaysThatTheHealthAddressIsTaken) {
  const Health health(nullptr);
  const auto first = serve_health({"127.0.0.1", 0}, health);
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto second = serve_health({"127.0.0.1", (*first)->port()}, health);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace berth::daemon
