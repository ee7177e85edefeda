#include "cli/check_webhook.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "cli/testing.h"
#include "core/base/webhook_check.h"

namespace berth::cli {
namespace {

const CheckReply kRefused{403, "admission webhook \"exposure.berth.dev\" denied the request: " +
                                   std::string(kCheckAnswer) + "1.2.3"};
const CheckReply kMade{201, ""};
const CheckReply kNobody{500,
                         "Internal error occurred: failed calling webhook \"exposure.berth.dev\": "
                         "connection refused"};

// An API server that says these, one after another, and then the last one again.
struct Answers {
  std::vector<Result<CheckReply>> replies;
  std::size_t asked = 0;
  Duration paused{0};
  std::string ns = {};
  ClusterChoice cluster = {};

  testing::Ran run(const std::vector<std::string>& args) {
    Setting setting{testing::kNow, false};
    setting.ask = [this](const ClusterChoice& choice, const std::string& in) {
      ns = in;
      cluster = choice;
      return replies[std::min(asked++, replies.size() - 1)];
    };
    setting.pause = [this](Duration span) { paused += span; };
    return testing::berth(args, "", setting);
  }
};

TEST(CheckWebhook, WorksWhenTheWebhookItselfRefuses) {
  Answers answers{{kRefused}};
  const testing::Ran ran = answers.run({"check", "webhook"});
  EXPECT_EQ(ran.code, kClean);
  EXPECT_EQ(ran.out, "The API server asks the webhook, and berth-webhook 1.2.3 answers.\n");
  EXPECT_EQ(answers.ns, "default");
}

TEST(CheckWebhook, FailsWhenTheObjectIsLetThrough) {
  Answers answers{{kMade}};
  const testing::Ran ran = answers.run({"check", "webhook", "-n", "shop", "--context", "prod"});
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_EQ(ran.err.find("The API server does not ask the webhook about namespace shop: "), 0U) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(answers.ns, "shop");
  EXPECT_EQ(answers.cluster.context, "prod");
}

TEST(CheckWebhook, FailsWithTheWordsOfTheApiServerWhenNobodyAnswers) {
  Answers answers{{kNobody}};
  const testing::Ran ran = answers.run({"check", "webhook"});
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_NE(ran.err.find("The webhook did not answer: Internal error occurred: failed calling"),
            std::string::npos);
}

TEST(CheckWebhook, ARefusalByAnotherWebhookIsNone) {
  Answers answers{{CheckReply{403, "admission webhook \"others.example.org\" denied the request: no"}}};
  EXPECT_EQ(answers.run({"check", "webhook"}).code, kDenied);
}

TEST(CheckWebhook, SaysThatThereIsNoCluster) {
  Answers answers{{Error{Code::kUnavailable, "no kubeconfig"}}};
  const testing::Ran ran = answers.run({"check", "webhook"});
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_EQ(ran.err, "no kubeconfig\n");
}

TEST(CheckWebhook, WaitsForAsLongAsItIsTold) {
  Answers in_time{{Error{Code::kUnavailable, "refused"}, kMade, kNobody, kRefused}};
  EXPECT_EQ(in_time.run({"check", "webhook", "--wait", "1m"}).code, kClean);
  EXPECT_EQ(in_time.asked, 4U);
  EXPECT_EQ(in_time.paused, 3 * kBetweenChecks);

  Answers never{{kMade}};
  EXPECT_EQ(never.run({"check", "webhook", "--wait", "5s"}).code, kDenied);
  EXPECT_EQ(never.asked, 6U);
  EXPECT_EQ(never.paused, 5 * kBetweenChecks);

  Answers once{{kMade}};
  EXPECT_EQ(once.run({"check", "webhook"}).code, kDenied);
  EXPECT_EQ(once.asked, 1U);
}

}  // namespace
}  // namespace berth::cli
