#include "webhook/certificate.h"

#include <gtest/gtest.h>

namespace berth::webhook {
namespace {

using std::chrono::hours;

const Instant kNow{1'767'435'123'000};
const std::vector<std::string> kNames = {"berth-webhook.berth-system.svc", "127.0.0.1"};
const Validity kValidity{hours(300), hours(30)};

CertificateBundle fresh() { return make_bundle(kNames, kNow, kValidity).value(); }

TEST(Certificate, NamesDnsAndAddresses) {
  const auto facts = read_certificate(fresh().certificate);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->names, (std::vector<std::string>{"127.0.0.1", "berth-webhook.berth-system.svc"}));
  EXPECT_LT(facts->not_before, kNow);
  EXPECT_EQ(facts->not_after, kNow + hours(30));
}

TEST(Certificate, NeedsAName) { EXPECT_FALSE(make_bundle({}, kNow, kValidity).ok()); }

TEST(Certificate, BelongsToItsAuthority) {
  EXPECT_TRUE(verify_bundle(fresh()).ok());
  CertificateBundle mixed = fresh();
  mixed.ca_certificates = fresh().ca_certificates;
  EXPECT_FALSE(verify_bundle(mixed).ok());
  CertificateBundle wrong_key = fresh();
  wrong_key.key = fresh().key;
  EXPECT_FALSE(verify_bundle(wrong_key).ok());
}

TEST(Renewal, IsDueAfterTwoThirdsOfALife) {
  const CertificateBundle bundle = fresh();
  EXPECT_EQ(renewal_due(bundle, kNames, kNow), Renewal::kNone);
  EXPECT_EQ(renewal_due(bundle, kNames, kNow + hours(19)), Renewal::kNone);
  EXPECT_EQ(renewal_due(bundle, kNames, kNow + hours(21)), Renewal::kLeaf);
  EXPECT_EQ(renewal_due(bundle, kNames, kNow + hours(201)), Renewal::kAll);
}

TEST(Renewal, IsDueWhenANameIsMissing) {
  EXPECT_EQ(renewal_due(fresh(), {"other.example.org"}, kNow), Renewal::kLeaf);
}

TEST(Renewal, RepairsWhateverWasPutIntoTheSecret) {
  EXPECT_EQ(renewal_due({}, kNames, kNow), Renewal::kAll);
  CertificateBundle damaged = fresh();
  damaged.certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(renewal_due(damaged, kNames, kNow), Renewal::kLeaf);
  const auto repaired = renewed(damaged, Renewal::kLeaf, kNames, kNow, kValidity);
  ASSERT_TRUE(repaired.ok());
  EXPECT_EQ(repaired->ca_certificates, damaged.ca_certificates);
  EXPECT_EQ(renewal_due(*repaired, kNames, kNow), Renewal::kNone);
}

TEST(Renewal, KeepsTheOldAuthorityTrustedBesideTheNew) {
  const CertificateBundle old = fresh();
  const Instant later = kNow + hours(250);
  const auto made = renewed(old, Renewal::kAll, kNames, later, kValidity);
  ASSERT_TRUE(made.ok());
  EXPECT_NE(made->ca_certificates.find(old.ca_certificates), std::string::npos);
  EXPECT_TRUE(verify_bundle(*made).ok());
  const auto again = renewed(*made, Renewal::kAll, kNames, later + hours(250), kValidity);
  EXPECT_EQ(again->ca_certificates.find(old.ca_certificates), std::string::npos);
}

}  // namespace
}  // namespace berth::webhook
