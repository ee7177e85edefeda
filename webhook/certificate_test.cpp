#include "webhook/certificate.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "kube/http/certificate.h"

namespace berth::webhook {
namespace {

using std::chrono::hours;

const Instant kNow{1'767'435'123'000};
const std::vector<std::string> kNames = {"berth-webhook.berth-system.svc", "127.0.0.1"};
const Validity kValidity{hours(300), hours(30)};

CertificateBundle fresh() {
  CertificateBundle made = make_bundle(kNames, kNow, kValidity).value();
  made.unproven = false;
  return made;
}

std::vector<std::string> authorities_of(const CertificateBundle& bundle) {
  return http::split_certificates(bundle.ca_certificates).value();
}

CertificateBundle after(const CertificateBundle& bundle, Stage stage, Belief belief, Instant now) {
  return advanced(bundle, stage, belief, kNames, now, kValidity).value();
}

// A leaf of the old authority, behind a new one.
CertificateBundle overlapping(Instant now) {
  CertificateBundle renewed = after(fresh(), Stage::kIssueLeaf, Belief::kSettled, now + -hours(1));
  return after(renewed, Stage::kAddAuthority, Belief::kSettled, now);
}

TEST(Certificates, MadeAnewBelongTogetherAndAreUnprovenYet) {
  const CertificateBundle made = make_bundle(kNames, kNow, kValidity).value();
  EXPECT_TRUE(http::leads_to(made.certificate, authorities_of(made)));
  EXPECT_TRUE(http::check_pair({made.certificate, made.key}).ok());
  EXPECT_TRUE(made.unproven);
  EXPECT_FALSE(make_bundle({}, kNow, kValidity).ok());
}

TEST(Certificates, NextStage) {
  struct Case {
    const char* name;
    CertificateBundle bundle;
    Belief belief;
    Instant now;
    Stage expected;
  };
  const auto with = [](CertificateBundle bundle, const auto& change) {
    change(bundle);
    return bundle;
  };
  const CertificateBundle good = fresh();
  const Instant rotated = kNow + hours(210);
  const CertificateBundle both = overlapping(rotated);
  const std::vector<Case> cases = {
      {"nothing is there", {}, Belief::kNobodyAsks, kNow, Stage::kMakeAll},
      {"all is new", good, Belief::kSettled, kNow, Stage::kServe},
      {"before two thirds of the leaf", good, Belief::kSettled, kNow + hours(19), Stage::kServe},
      {"after them", good, Belief::kSettled, kNow + hours(21), Stage::kIssueLeaf},
      {"the leaf is due and the registration not seen", good, Belief::kNobodyAsks, kNow + hours(21),
       Stage::kIssueLeaf},
      {"the leaf has expired", good, Belief::kSettled, kNow + hours(31), Stage::kIssueLeaf},
      {"the authority is due", after(good, Stage::kIssueLeaf, Belief::kSettled, kNow + hours(199)),
       Belief::kSettled, kNow + hours(201), Stage::kAddAuthority},
      {"all has expired", good, Belief::kSettled, kNow + hours(301), Stage::kMakeAll},
      {"the new authority is not believed in", both, Belief::kNotYet, rotated, Stage::kAwait},
      {"the new authority is believed in", both, Belief::kSettled, rotated, Stage::kIssueLeaf},
      {"nobody is seen to ask", both, Belief::kNobodyAsks, rotated, Stage::kAwait},
      {"nobody is seen to ask, and time is short", both, Belief::kNobodyAsks, rotated + hours(25),
       Stage::kIssueLeaf},
      {"not believed in, and time is short", both, Belief::kNotYet, rotated + hours(25), Stage::kAwait},
      {"not believed in, and the old leaf is over", both, Belief::kNotYet, rotated + hours(30),
       Stage::kIssueLeaf},
      {"no key of the authority", with(good, [](CertificateBundle& b) { b.ca_key.clear(); }),
       Belief::kSettled, kNow, Stage::kAddAuthority},
      {"a key of another authority", with(good, [](CertificateBundle& b) { b.ca_key = fresh().ca_key; }),
       Belief::kSettled, kNow, Stage::kAddAuthority},
      {"a damaged authority", with(good, [](CertificateBundle& b) { b.ca_certificates = "x"; }),
       Belief::kSettled, kNow, Stage::kMakeAll},
      {"a foreign authority",
       with(good, [](CertificateBundle& b) { b.ca_certificates = fresh().ca_certificates; }),
       Belief::kSettled, kNow, Stage::kMakeAll},
      {"a damaged leaf",
       with(good,
            [](CertificateBundle& b) {
              b.certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
            }),
       Belief::kSettled, kNow, Stage::kIssueLeaf},
      {"a key of another leaf", with(good, [](CertificateBundle& b) { b.key = fresh().key; }),
       Belief::kSettled, kNow, Stage::kIssueLeaf},
      {"unproven, and not believed in yet", with(good, [](CertificateBundle& b) { b.unproven = true; }),
       Belief::kNotYet, kNow, Stage::kServe},
      {"unproven until now", with(good, [](CertificateBundle& b) { b.unproven = true; }), Belief::kSettled,
       kNow, Stage::kConfirm},
  };
  for (const Case& c : cases)
    EXPECT_STREQ(to_string(next_stage(c.bundle, c.belief, kNames, c.now)), to_string(c.expected)) << c.name;
  EXPECT_EQ(next_stage(good, Belief::kSettled, {"other.example.org"}, kNow), Stage::kIssueLeaf)
      << "a name is missing";
}

// The stages that stand between two states of rest, each with what is served and what is believed in.
TEST(Certificates, AreExchangedWithoutAMomentInWhichTheServedOneIsNotAmongTheAuthorities) {
  const Instant rotated = kNow + hours(210);
  const CertificateBundle before = after(fresh(), Stage::kIssueLeaf, Belief::kSettled, kNow + hours(199));

  const CertificateBundle both = after(before, Stage::kAddAuthority, Belief::kSettled, rotated);
  EXPECT_EQ(both.certificate, before.certificate);
  EXPECT_NE(both.ca_key, before.ca_key);
  ASSERT_EQ(authorities_of(both).size(), 2U);
  EXPECT_EQ(authorities_of(both)[1], before.ca_certificates);
  EXPECT_TRUE(http::leads_to(both.certificate, authorities_of(both)));

  const CertificateBundle switched = after(both, Stage::kIssueLeaf, Belief::kSettled, rotated + hours(1));
  EXPECT_EQ(switched.ca_certificates, both.ca_certificates);
  EXPECT_TRUE(http::leads_to(switched.certificate, {authorities_of(both)[0]}));
  EXPECT_FALSE(http::leads_to(switched.certificate, {authorities_of(both)[1]}));
  EXPECT_FALSE(switched.unproven);

  const Instant over = kNow + hours(301);
  const CertificateBundle renewed = after(switched, Stage::kIssueLeaf, Belief::kSettled, kNow + hours(290));
  EXPECT_EQ(next_stage(renewed, Belief::kSettled, kNames, over), Stage::kForgetAuthorities);
  const CertificateBundle last = after(renewed, Stage::kForgetAuthorities, Belief::kSettled, over);
  EXPECT_EQ(authorities_of(last), std::vector{authorities_of(both)[0]});
  EXPECT_EQ(next_stage(last, Belief::kSettled, kNames, over), Stage::kServe);
}

TEST(Certificates, OfALeafThatHadToBeMadeInHasteAreUnproven) {
  const CertificateBundle both = overlapping(kNow + hours(210));
  EXPECT_TRUE(after(both, Stage::kIssueLeaf, Belief::kNotYet, kNow + hours(245)).unproven);
  EXPECT_FALSE(after(both, Stage::kIssueLeaf, Belief::kSettled, kNow + hours(245)).unproven);
  EXPECT_FALSE(after(fresh(), Stage::kIssueLeaf, Belief::kNotYet, kNow).unproven)
      << "the same authority as before";
}

TEST(Certificates, DoNotGrowWithoutEnd) {
  CertificateBundle bundle = fresh();
  for (int i = 0; i < 10; ++i) bundle = after(bundle, Stage::kAddAuthority, Belief::kSettled, kNow);
  EXPECT_EQ(authorities_of(bundle).size(), 4U);
}

}  // namespace
}  // namespace berth::webhook
