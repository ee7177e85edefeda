#include "kube/daemon/metrics_guard.h"

#include <gtest/gtest.h>

#include "kube/daemon/expiring_cache.h"

namespace berth::daemon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Guard : public ::testing::Test {
 protected:
  http::Reply ask(const std::string& authorization, const std::string& target = "/metrics",
                  const std::string& method = "GET") {
    return guard_.answer({.method = method, .target = target, .authorization = authorization});
  }

  Metrics metrics_;
  Instant now_{1'000'000};
  int authentications_ = 0;
  int authorizations_ = 0;
  bool server_answers_ = true;
  std::vector<std::string> failures_;
  MetricsGuard guard_{metrics_,
                      {[this](const std::string& token) -> Result<std::optional<http::Requester>> {
                         ++authentications_;
                         if (!server_answers_) return Error{Code::kUnavailable, "no answer"};
                         if (token == "reader" || token == "stranger")
                           return std::optional(http::Requester{.user = token});
                         return std::optional<http::Requester>();
                       },
                       [this](const http::Requester& requester) -> Result<bool> {
                         ++authorizations_;
                         if (!server_answers_) return Error{Code::kUnavailable, "no answer"};
                         return requester.user == "reader";
                       }},
                      [this] { return now_; },
                      [this](const Error& error) { failures_.push_back(error.message); }};
};

TEST_F(Guard, LetsInWhoMayReadAndNobodyElse) {
  EXPECT_EQ(ask("").status, 401);
  EXPECT_EQ(ask("Bearer").status, 401);
  EXPECT_EQ(ask("Basic cmVhZGVy").status, 401);
  EXPECT_EQ(ask("Bearer wrong").status, 401);
  EXPECT_EQ(ask("Bearer stranger").status, 403);
  const auto reply = ask("Bearer reader");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, kMetricsContentType);
  EXPECT_NE(reply.body.find("process_cpu_seconds_total"), std::string::npos);
  EXPECT_EQ(ask("bearer  reader").status, 200) << "schemes are case-insensitive";
}

TEST_F(Guard, ServesNothingElse) {
  EXPECT_EQ(ask("Bearer reader", "/healthz").status, 404);
  EXPECT_EQ(ask("Bearer reader", "/metrics", "POST").status, 405);
  EXPECT_EQ(ask("Bearer reader", "/metrics", "HEAD").status, 200);
  EXPECT_EQ(ask("", "/metrics?a=b").status, 401);
  EXPECT_EQ(authentications_, 1);
}

TEST_F(Guard, IsClosedWhileTheApiServerDoesNotAnswerAndRemembersNothingOfThat) {
  server_answers_ = false;
  EXPECT_EQ(ask("Bearer reader").status, 503);
  EXPECT_EQ(ask("Bearer wrong").status, 503);
  EXPECT_EQ(failures_.size(), 2U);
  server_answers_ = true;
  EXPECT_EQ(ask("Bearer reader").status, 200);
  EXPECT_EQ(ask("Bearer wrong").status, 401);
}

TEST_F(Guard, IsClosedWhenOnlyTheSecondQuestionFails) {
  EXPECT_EQ(ask("Bearer stranger").status, 403);
  now_ = now_ + seconds(31);
  server_answers_ = false;
  EXPECT_EQ(ask("Bearer stranger").status, 503);
}

TEST_F(Guard, AsksWhoseATokenIsOnceAMinute) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask("Bearer reader").status, 200);
    EXPECT_EQ(ask("Bearer wrong").status, 401);
  }
  EXPECT_EQ(authentications_, 2);
  now_ = now_ + minutes(1);
  server_answers_ = false;
  EXPECT_EQ(ask("Bearer reader").status, 503) << "a token that was taken back is not taken for long";
}

TEST_F(Guard, AsksForWhoMayOnceInFiveMinutesAndForWhoMayNotTwiceAMinute) {
  EXPECT_EQ(ask("Bearer reader").status, 200);
  EXPECT_EQ(ask("Bearer stranger").status, 403);
  EXPECT_EQ(authorizations_, 2);
  now_ = now_ + seconds(30);
  EXPECT_EQ(ask("Bearer stranger").status, 403);
  EXPECT_EQ(authorizations_, 3);
  for (int i = 0; i < 4; ++i) {
    now_ = now_ + minutes(1);
    EXPECT_EQ(ask("Bearer reader").status, 200);
  }
  EXPECT_EQ(authorizations_, 3);
  now_ = now_ + minutes(1);
  EXPECT_EQ(ask("Bearer reader").status, 200);
  EXPECT_EQ(authorizations_, 4);
}

TEST_F(Guard, CountsWhatItAnswered) {
  EXPECT_NE(metrics_.text().find("berth_metrics_requests_total{code=\"401\"} 0"), std::string::npos);
  ask("");
  ask("Bearer reader");
  EXPECT_NE(metrics_.text().find("berth_metrics_requests_total{code=\"401\"} 1"), std::string::npos);
}

TEST(ExpiringCache, KeepsNoMoreThanItMayAndLetsThoseGoThatEndFirst) {
  ExpiringCache<int> cache(2);
  cache.put("a", 1, Instant{0}, Duration(10));
  cache.put("b", 2, Instant{0}, Duration(30));
  cache.put("c", 3, Instant{0}, Duration(20));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.get("a", Instant{1}), std::nullopt);
  EXPECT_EQ(cache.get("b", Instant{29}), 2);
  EXPECT_EQ(cache.get("b", Instant{30}), std::nullopt);
  for (int i = 0; i < 1000; ++i) cache.put(std::to_string(i), i, Instant{i}, Duration(30));
  EXPECT_EQ(cache.size(), 2U);
}

}  // namespace
}  // namespace berth::daemon
