#include "webhook/trust.h"

#include <gtest/gtest.h>

#include "kube/http/certificate.h"
#include "webhook/registration.h"

namespace berth::webhook {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow{1'767'435'123'000};
const Instant kStart{1'000'000};  // monotonic
const Duration kSettle = seconds(30);
const Duration kLinger = minutes(10);

http::KeyPair authority(const std::string& name, Duration life = hours(300)) {
  return http::make_authority(name, kNow, life).value();
}
std::string leaf_of(const http::KeyPair& signer) {
  return http::issue_certificate(signer, "leaf", {"localhost"}, kNow, hours(1))->certificate_pem;
}

class Trust : public ::testing::Test {
 protected:
  const http::KeyPair old_ = authority("old");
  const http::KeyPair new_ = authority("new");
  const std::string& a_ = old_.certificate_pem;
  const std::string& b_ = new_.certificate_pem;
};

ValidatingWebhookConfiguration configuration(const std::string& ca) {
  RegistrationOptions options;
  options.url = "https://127.0.0.1:9443";
  return make_registration(options, ca);
}

TEST_F(Trust, KnowsOnlyWhatStandsInEveryEntryOfOurs) {
  EXPECT_EQ(published_authorities(std::nullopt), std::nullopt);
  EXPECT_EQ(published_authorities(ValidatingWebhookConfiguration{}), std::nullopt);
  auto live = configuration(b_ + a_);
  EXPECT_EQ(published_authorities(live), (std::vector<std::string>{b_, a_}));
  live.webhooks.push_back({.name = "somebody.else.example.org", .ca_bundle = "not ours"});
  EXPECT_EQ(published_authorities(live), (std::vector<std::string>{b_, a_}));
  live.webhooks[1].ca_bundle = b_;
  EXPECT_EQ(published_authorities(live), std::vector<std::string>{b_});
  live.webhooks[2].ca_bundle = "damaged";
  EXPECT_EQ(published_authorities(live), std::vector<std::string>{});
}

TEST_F(Trust, TakesItsTimeAndBeginsAnewWhenAnAuthorityWasGone) {
  const std::string leaf = leaf_of(new_);
  TrustHistory history = observed({}, {a_}, false, kStart);
  history = observed(history, {b_, a_}, false, kStart + seconds(5));
  EXPECT_FALSE(settled(history, leaf, kSettle, kStart + seconds(34)));
  EXPECT_TRUE(settled(history, leaf, kSettle, kStart + seconds(35)));
  EXPECT_TRUE(settled(history, leaf_of(old_), kSettle, kStart + seconds(30)));
  history = observed(history, {a_}, false, kStart + seconds(40));
  history = observed(history, {b_, a_}, false, kStart + seconds(41));
  EXPECT_FALSE(settled(history, leaf, kSettle, kStart + seconds(60)));
}

TEST_F(Trust, IsThereAtOnceInARegistrationThatNobodyKnewBefore) {
  EXPECT_TRUE(settled(observed({}, {b_}, true, kStart), leaf_of(new_), kSettle, kStart));
}

TEST_F(Trust, InAuthoritiesOfOthersLingers) {
  const auto wanted = [&](const TrustHistory& history, Instant monotonic, const std::string& serving = "") {
    return authorities_to_publish({b_}, {b_, a_}, history, serving, kLinger, monotonic, kNow);
  };
  const std::vector<std::string> both = {b_, a_};
  const TrustHistory history = told_apart({}, {b_, a_}, {b_}, kStart);
  EXPECT_EQ(wanted({}, kStart), both) << "just seen";
  EXPECT_EQ(wanted(history, kStart + minutes(9)), both);
  EXPECT_EQ(wanted(history, kStart + minutes(10)), std::vector<std::string>{b_});
  EXPECT_EQ(wanted(history, kStart + minutes(10), leaf_of(old_)), both) << "we still serve one of it";
  EXPECT_EQ(wanted(told_apart(history, {b_, a_}, {b_}, kStart + minutes(5)), kStart + minutes(10)),
            std::vector<std::string>{b_})
      << "time goes on while it is looked at";
}

TEST_F(Trust, EndsForWhatHasExpiredOrIsNoCertificate) {
  const std::string over = authority("over", hours(1)).certificate_pem;
  EXPECT_EQ(authorities_to_publish({b_}, {over, "no PEM", a_}, {}, "", kLinger, kStart, kNow + hours(1)),
            (std::vector<std::string>{b_, a_}));
}

TEST_F(Trust, IsBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 20; ++i) many.push_back(authority("x").certificate_pem);
  EXPECT_EQ(authorities_to_publish({b_}, many, {}, "", kLinger, kStart, kNow).size(), 8U);
}

// Two replicas whose files are exchanged at different times: what one writes, the other leaves.
TEST_F(Trust, OfTwoReplicasWithDifferentFilesComesToRest) {
  const std::vector<std::string> first = authorities_to_publish({b_}, {a_}, {}, "", kLinger, kStart, kNow);
  const std::vector<std::string> second = authorities_to_publish({a_}, first, {}, "", kLinger, kStart, kNow);
  EXPECT_TRUE(in_place(configuration(first[0] + first[1]), configuration(second[0] + second[1])));
}

}  // namespace
}  // namespace berth::webhook
