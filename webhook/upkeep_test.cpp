#include "webhook/upkeep.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/base/api_names.h"
#include "kube/http/certificate.h"
#include "webhook/testing/replica.h"

namespace berth::webhook {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::Replica;

const Validity kValidity{hours(300), hours(30)};
const ObjectKey kSecret{"berth-system", kWebhookSecret};
const ObjectKey kConfiguration{"", kWebhookConfiguration};

class UpkeepTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Replica> replica(UpkeepConfig config = test::upkeep_config()) {
    return std::make_unique<Replica>(server_, clock_, Duration(0), std::move(config), kValidity);
  }
  [[nodiscard]] std::optional<ValidatingWebhookConfiguration> registration() const {
    return testing::stored<ValidatingWebhookConfiguration>(server_, wire::kValidatingWebhookConfiguration,
                                                           kConfiguration);
  }
  [[nodiscard]] std::vector<std::string> published() const {
    return published_authorities(registration()).value_or(std::vector<std::string>{});
  }
  [[nodiscard]] Secret secret() const {
    return testing::stored<Secret>(server_, wire::kSecret, kSecret).value();
  }
  void change(const wire::Kind& kind, const ObjectKey& key, const std::function<void(json::Tree&)>& what) {
    ASSERT_TRUE(server_.edit(kind, key, what));
  }
  void remove(const wire::Kind& kind, const ObjectKey& key) {
    const client::Client client(server_, {.field_manager = "somebody"});
    const auto tree = server_.object(kind, key);
    ASSERT_TRUE(tree);
    ASSERT_TRUE(client.remove<Secret>(kind, key, {.uid = Uid{tree->text_at({"metadata", "uid"})}}).ok());
  }
  static void steps(Replica& replica, int count) {
    for (int i = 0; i < count; ++i) replica.step();
  }

  testing::ManualClock clock_;
  testing::FakeApiServer server_{clock_};
};

TEST_F(UpkeepTest, MakesCertificatesRegistersAndServesAtOnceWhereNobodyWasAskedBefore) {
  const auto one = replica();
  EXPECT_NE(one->problem(), std::nullopt);
  one->step();
  EXPECT_EQ(one->problem(), std::nullopt);
  EXPECT_EQ(one->told, std::vector<std::string>{"registered made"});
  EXPECT_TRUE(http::leads_to(one->served(), published()));
  one->step();
  EXPECT_FALSE(secret().meta.annotations.contains(kUnprovenAnnotation));
}

TEST_F(UpkeepTest, WritesNothingAtRest) {
  const auto one = replica();
  const auto two = replica();
  for (int i = 0; i < 3; ++i) {
    one->step();
    two->step();
  }
  server_.clear_log();
  for (int i = 0; i < 5; ++i) {
    one->step();
    two->step();
    clock_.advance(seconds(60));
  }
  EXPECT_EQ(server_.write_requests(), 0U);
}

TEST_F(UpkeepTest, IsNotRegisteredBeforeTheClusterIsRead) {
  const auto one = replica();
  one->cluster_read = false;
  steps(*one, 3);
  EXPECT_FALSE(registration());
  EXPECT_NE(one->problem(), std::nullopt);
  one->cluster_read = true;
  one->step();
  EXPECT_EQ(one->problem(), std::nullopt);
}

// As a chart installs it, so that nothing of it drifts.
TEST_F(UpkeepTest, FillsInARegistrationThatSomebodyMadeWithoutWebhooksAndKeepsWhatIsTheirs) {
  ValidatingWebhookConfiguration empty;
  empty.meta.name = kWebhookConfiguration;
  empty.meta.labels = {{"helm.sh/chart", "berth-1"}, {kManagedByLabel, "Helm"}};
  empty.meta.annotations = {{"argocd.argoproj.io/sync-wave", "3"}};
  const client::Client somebody(server_, {.field_manager = "helm"});
  ASSERT_TRUE(somebody.create(wire::kValidatingWebhookConfiguration, empty).ok());
  const auto one = replica();
  one->step();
  EXPECT_EQ(one->problem(), std::nullopt);
  const auto live = registration();
  EXPECT_FALSE(live->webhooks.empty());
  EXPECT_EQ(live->meta.labels.at("helm.sh/chart"), "berth-1");
  EXPECT_EQ(live->meta.labels.at(kManagedByLabel), "Helm");
  EXPECT_EQ(live->meta.annotations.at("argocd.argoproj.io/sync-wave"), "3");
}

// Helm creates Deployments before it creates configurations, and fails if one is there already.
TEST_F(UpkeepTest, WaitsForTheRegistrationThatItsInstallationBringsBeforeItMakesOneItself) {
  UpkeepConfig config = test::upkeep_config();
  config.await_registration = seconds(10);
  const auto one = replica(config);
  steps(*one, 3);
  EXPECT_FALSE(registration());
  EXPECT_EQ(one->problem(), "the webhook is not registered yet");
  ValidatingWebhookConfiguration empty;
  empty.meta.name = kWebhookConfiguration;
  const client::Client somebody(server_, {.field_manager = "helm"});
  ASSERT_TRUE(somebody.create(wire::kValidatingWebhookConfiguration, empty).ok());
  one->step();
  EXPECT_FALSE(registration()->webhooks.empty());
  EXPECT_EQ(one->problem(), std::nullopt);

  remove(wire::kValidatingWebhookConfiguration, kConfiguration);
  one->start();
  clock_.advance(seconds(9));
  one->step();
  EXPECT_FALSE(registration());
  clock_.advance(seconds(1));
  one->step();
  EXPECT_EQ(one->told.back(), "registered made");
  EXPECT_TRUE(registration());
}

TEST_F(UpkeepTest, PutsRightWhatSomebodyChangesInTheRegistration) {
  const auto one = replica();
  steps(*one, 2);
  const auto before = registration()->webhooks;
  change(wire::kValidatingWebhookConfiguration, kConfiguration, [](json::Tree& tree) {
    std::get<json::Tree::List>(tree["webhooks"].value).front()["failurePolicy"].value = "Ignore";
    tree["metadata"]["labels"]["team"].value = "edge";
  });
  one->step();
  EXPECT_EQ(registration()->webhooks, before);
  EXPECT_EQ(registration()->meta.labels.at("team"), "edge");
}

// Deleting it is the way out of an emergency.
TEST_F(UpkeepTest, LeavesARegistrationDeletedUntilItStartsAgainOrSomebodyElseMakesOne) {
  const auto one = replica();
  steps(*one, 2);
  remove(wire::kValidatingWebhookConfiguration, kConfiguration);
  steps(*one, 3);
  EXPECT_FALSE(registration());
  EXPECT_EQ(std::count(one->told.begin(), one->told.end(), "deleted"), 1);
  EXPECT_EQ(one->standing, false);
  EXPECT_EQ(one->problem(), std::nullopt);
  one->start();
  one->step();
  EXPECT_TRUE(registration());
  EXPECT_EQ(one->standing, true);
}

TEST_F(UpkeepTest, SaysThatARegistrationDoesNotStandAsLongAsWhatOthersChangedCannotBePutRight) {
  const auto one = replica();
  EXPECT_EQ(one->standing, std::nullopt) << "nobody has looked yet";
  steps(*one, 2);
  EXPECT_EQ(one->standing, true);
  change(wire::kValidatingWebhookConfiguration, kConfiguration, [](json::Tree& tree) {
    std::get<json::Tree::List>(tree["webhooks"].value).front()["failurePolicy"].value = "Ignore";
  });
  one->transport.set_policy([](const testing::FaultContext& context) -> testing::Fault {
    if (context.write != 0) return testing::Answered{testing::refusal(403)};
    return testing::NoFault{};
  });
  steps(*one, 2);
  EXPECT_EQ(one->standing, false);
  one->transport.set_policy({});
  one->step();
  EXPECT_EQ(one->standing, true);
}

// Between its look and its write.
TEST_F(UpkeepTest, DoesNotMakeAnewARegistrationThatIsDeletedWhileItIsChanged) {
  const auto one = replica();
  steps(*one, 2);
  change(wire::kValidatingWebhookConfiguration, kConfiguration, [](json::Tree& tree) {
    std::get<json::Tree::List>(tree["webhooks"].value).front()["failurePolicy"].value = "Ignore";
  });
  one->transport.set_policy([&](const testing::FaultContext& context) -> testing::Fault {
    if (context.write != 0 && registration()) remove(wire::kValidatingWebhookConfiguration, kConfiguration);
    return testing::NoFault{};
  });
  steps(*one, 3);
  EXPECT_FALSE(registration());
}

TEST_F(UpkeepTest, ExchangesItsAuthorityOnlyWhenTheNewOneHasBeenRegisteredForAWhile) {
  const auto one = replica();
  const auto two = replica();
  for (int i = 0; i < 3; ++i) {
    one->step();
    two->step();
  }
  // Up to two thirds of the authority's life, with new leaves on the way.
  for (int i = 0; i < 22; ++i) {
    clock_.advance(hours(9));
    one->step();
    two->step();
  }
  const std::string before = two->served();
  EXPECT_EQ(one->served(), before);
  one->stages.clear();
  clock_.advance(hours(2));
  one->step();
  two->step();
  EXPECT_EQ(one->stages, std::vector{Stage::kAddAuthority});
  EXPECT_EQ(published().size(), 2U);
  clock_.advance(seconds(29));
  one->step();
  two->step();
  EXPECT_EQ(one->served(), before);
  EXPECT_EQ(two->served(), before);
  clock_.advance(seconds(1));
  one->step();
  EXPECT_NE(one->served(), before);
  two->step();
  EXPECT_EQ(two->served(), one->served());
  EXPECT_EQ(published().size(), 2U) << "others may still serve the old one";
  for (int i = 0; i < 12; ++i) {
    clock_.advance(hours(9));
    one->step();
    two->step();
  }
  EXPECT_EQ(published().size(), 1U) << "it has expired";
}

TEST_F(UpkeepTest, WritesADeletedSecretAgainAsItWas) {
  const auto one = replica();
  const auto two = replica();
  for (int i = 0; i < 3; ++i) {
    one->step();
    two->step();
  }
  const auto before = secret().data;
  remove(wire::kSecret, kSecret);
  one->step();
  two->step();
  EXPECT_EQ(secret().data, before);
  EXPECT_EQ(published().size(), 1U);
}

// Nobody remembers the old one, and some serve it.
TEST_F(UpkeepTest, OfAReplicaThatFindsNoSecretDoesNotTakeTrustFromThoseThatServe) {
  const auto one = replica();
  steps(*one, 3);
  const std::string before = one->served();
  remove(wire::kSecret, kSecret);
  const auto two = replica();
  two->step();
  EXPECT_EQ(published().size(), 2U);
  EXPECT_NE(two->problem(), std::nullopt) << "not every API server can have heard of its authority";
  one->step();
  EXPECT_EQ(one->served(), before);
  clock_.advance(seconds(30));
  two->step();
  one->step();
  EXPECT_EQ(two->problem(), std::nullopt);
  EXPECT_EQ(one->served(), two->served());
}

TEST_F(UpkeepTest, TellsWhatKeepsItFromServing) {
  const auto one = replica();
  one->transport.set_policy([](const testing::FaultContext&) -> testing::Fault {
    return testing::Answered{testing::refusal(403)};
  });
  one->step();
  EXPECT_NE(one->problem()->find("no certificate is served yet: "), std::string::npos) << *one->problem();
  EXPECT_TRUE(one->told.at(0).starts_with("failed registration: "));
  one->transport.set_policy({});
  one->step();
  EXPECT_EQ(one->problem(), std::nullopt);
}

TEST_F(UpkeepTest, LeavesTheRegistrationToOthersWhenTold) {
  UpkeepConfig config = test::upkeep_config();
  config.register_webhook = false;
  const auto one = replica(config);
  one->step();
  EXPECT_EQ(one->problem(), std::nullopt);
  EXPECT_FALSE(registration());
  EXPECT_EQ(one->standing, false);
  const auto other = replica();
  other->step();
  one->step();
  EXPECT_EQ(one->standing, true);
}

TEST_F(UpkeepTest, OfTwoReplicasThatStartAtOnceEndsInOneAuthority) {
  const auto one = replica();
  const auto two = replica();
  bool nested = false;
  one->transport.set_policy([&](const testing::FaultContext& context) -> testing::Fault {
    if (!std::exchange(nested, context.write != 0)) two->step();
    return testing::NoFault{};
  });
  for (int i = 0; i < 5; ++i) {
    one->step();
    two->step();
  }
  EXPECT_EQ(one->served(), two->served());
  EXPECT_EQ(published().size(), 1U);
  EXPECT_EQ(one->problem(), std::nullopt);
  EXPECT_EQ(two->problem(), std::nullopt);
}

}  // namespace
}  // namespace berth::webhook
