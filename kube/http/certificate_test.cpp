#include "kube/http/certificate.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

using std::chrono::hours;

const Instant kNow{1'767'435'123'000};
const std::vector<std::string> kNames = {"berth-webhook.berth-system.svc", "127.0.0.1", "::1"};

KeyPair authority(const std::string& name = "ca", Duration life = hours(300)) {
  return make_authority(name, kNow, life).value();
}
KeyPair leaf_of(const KeyPair& signer) {
  return issue_certificate(signer, "leaf", kNames, kNow, hours(30)).value();
}

TEST(Certificate, NamesDnsAndAddresses) {
  const auto facts = read_certificate(leaf_of(authority()).certificate_pem);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->names, (std::vector<std::string>{"127.0.0.1", "::1", "berth-webhook.berth-system.svc"}));
  EXPECT_EQ(facts->not_after, kNow + hours(30));
  EXPECT_FALSE(issue_certificate(authority(), "leaf", {}, kNow, hours(30)).ok());
  EXPECT_FALSE(make_self_signed("self", {}, kNow, hours(30)).ok());
}

TEST(Certificate, IsValidForAReaderWhoseClockIsAnHourBehindTheOneOfItsMakerThatIsAnHourAhead) {
  EXPECT_LE(read_certificate(leaf_of(authority()).certificate_pem)->not_before, kNow + -hours(2));
}

TEST(Certificate, EndsWithItsAuthorityAtTheLatest) {
  const auto facts = read_certificate(leaf_of(authority("ca", hours(20))).certificate_pem);
  EXPECT_EQ(facts->not_after, kNow + hours(20));
}

TEST(Certificate, LeadsToItsAuthorityAndToNoOther) {
  const KeyPair one = authority("one");
  const KeyPair two = authority("two");
  const KeyPair namesake = authority("one");
  const std::string leaf = leaf_of(one).certificate_pem;
  EXPECT_TRUE(leads_to(leaf, {one.certificate_pem}));
  EXPECT_TRUE(leads_to(leaf, {two.certificate_pem, one.certificate_pem}));
  EXPECT_TRUE(leads_to(leaf, {namesake.certificate_pem, one.certificate_pem}));
  EXPECT_FALSE(leads_to(leaf, {two.certificate_pem}));
  EXPECT_FALSE(leads_to(leaf, {namesake.certificate_pem}));
  EXPECT_FALSE(leads_to(leaf, {}));
  EXPECT_FALSE(leads_to("no PEM", {one.certificate_pem}));
  EXPECT_TRUE(leads_to(leaf, {"no PEM", one.certificate_pem}));
}

// A server's own certificate signs nothing, whoever holds its key.
TEST(Certificate, OfAServerIsNoAuthority) {
  const KeyPair root = authority("root");
  const KeyPair server = leaf_of(root);
  const KeyPair forged = issue_certificate(server, "forged", kNames, kNow, hours(1)).value();
  EXPECT_FALSE(leads_to(forged.certificate_pem + server.certificate_pem, {root.certificate_pem}));
}

TEST(Certificate, ThatSignsItselfIsItsOwnAuthority) {
  const KeyPair self = make_self_signed("self", {"localhost"}, kNow, hours(1)).value();
  EXPECT_TRUE(check_pair(self).ok());
  EXPECT_TRUE(leads_to(self.certificate_pem, {self.certificate_pem}));
}

TEST(Certificate, IsSplitFromATextWithOthers) {
  const std::string one = authority("one").certificate_pem;
  const std::string two = authority("two").certificate_pem;
  const auto split = split_certificates("a comment\n" + one + "\n\n" + two + "the end");
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(*split, (std::vector<std::string>{one, two}));
  EXPECT_EQ(split_certificates("").value(), std::vector<std::string>{});
  EXPECT_FALSE(
      split_certificates(one + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").ok());
  EXPECT_FALSE(split_certificates(one + two.substr(0, two.size() / 2)).ok());
}

TEST(Certificate, IsUsedOnlyWithItsOwnKey) {
  const KeyPair signer = authority();
  const KeyPair one = leaf_of(signer);
  const KeyPair two = leaf_of(signer);
  EXPECT_TRUE(check_pair(one).ok());
  EXPECT_FALSE(check_pair({one.certificate_pem, two.key_pem}).ok());
  EXPECT_FALSE(check_pair({one.certificate_pem, ""}).ok());
  EXPECT_FALSE(check_pair({"", one.key_pem}).ok());
}

TEST(Certificate, IsDueAfterTwoThirdsOfItsLifeHoweverShortThatIs) {
  for (const Duration life : {Duration(hours(300)), Duration(std::chrono::seconds(30))}) {
    const auto facts = read_certificate(authority("ca", life).certificate_pem);
    EXPECT_EQ(renewal_due(*facts), kNow + life * 2 / 3);
  }
}

}  // namespace
}  // namespace berth::http
