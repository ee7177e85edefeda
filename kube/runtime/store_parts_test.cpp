// A store that several watches feed, each one namespace.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "core/model/service.h"
#include "kube/runtime/kind_watch.h"
#include "kube/runtime/store.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"

namespace berth::runtime {
namespace {

Service object(const std::string& ns, const std::string& name, const std::string& version) {
  Service made;
  made.meta.ns = ns;
  made.meta.name = name;
  made.meta.uid = Uid{"uid-" + ns + "-" + name};
  made.meta.resource_version = version;
  made.meta.labels = {{"app", name}};
  return made;
}

// Fed by the watches of "a", "b" and "b-2".
struct StoreParts : ::testing::Test {
  StoreGroup group;
  std::vector<std::string> told;
  Store<Service>::Hooks hooks = [this] {
    Store<Service>::Hooks made;
    made.rewound = [this](const Rewound&) { told.push_back("rewound"); };
    made.tags = [](const Service& service) { return Tags{service.meta.labels.at("app")}; };
    made.whole = 3;  // of each watch one
    made.namespaces = {"a", "b", "b-2"};
    return made;
  }();
  Store<Service> store{group,
                       [this](const Change<Service>& change) {
                         told.push_back(to_string(change.key()) + (change.after ? " is there" : " is gone"));
                       },
                       hooks};

  void list(const std::string& ns, const std::string& version, const std::vector<Service>& objects) {
    store.apply(Init{}, ns);
    for (const Service& each : objects) store.apply(InitApply<Service>{each}, ns);
    store.apply(InitDone{version}, ns);
  }
  void list_all() {
    list("a", "10", {object("a", "x", "5"), object("a", "y", "6")});
    list("b", "11", {object("b", "x", "7"), object("b", "y", "8")});
    list("b-2", "12", {object("b-2", "x", "9")});
    told.clear();
  }
  [[nodiscard]] std::vector<std::string> there() const {
    std::vector<std::string> keys;
    for (const ObjectKey& key : store.keys(group.snapshot())) keys.push_back(to_string(key));
    return keys;
  }
  [[nodiscard]] std::size_t found(const std::string& ns, const std::string& app) const {
    return store.tagged(group.snapshot(), ns, {app}).size();
  }
};

using Names = std::vector<std::string>;

TEST_F(StoreParts, IsReadyWhenEveryWatchHasListed) {
  list("a", "10", {});
  list("b", "11", {});
  EXPECT_FALSE(store.ready());
  EXPECT_TRUE(store.listed("b"));
  EXPECT_FALSE(store.listed("b-2"));
  list("b-2", "12", {});
  EXPECT_TRUE(store.ready());
}

TEST_F(StoreParts, AListTakesAwayWhatStoodInItsOwnNamespaceAlone) {
  list_all();
  list("b", "20", {object("b", "y", "8")});
  EXPECT_EQ(told, Names{"b/x is gone"});
  EXPECT_EQ(there(), (Names{"a/x", "a/y", "b/y", "b-2/x"}));
  list("a", "21", {});
  EXPECT_EQ(there(), (Names{"b/y", "b-2/x"}));
}

TEST_F(StoreParts, WhatIsTaggedIsFoundAfterListsOfOtherNamespaces) {
  list_all();
  list("b", "20", {object("b", "x", "7"), object("b", "z", "15")});
  EXPECT_EQ(found("a", "x"), 1U);
  EXPECT_EQ(found("a", "y"), 1U);
  EXPECT_EQ(found("b-2", "x"), 1U);
  EXPECT_EQ(found("b", "x"), 1U);
  EXPECT_EQ(found("b", "z"), 1U);
  EXPECT_EQ(found("b", "y"), 0U);
}

TEST_F(StoreParts, TwoListsMayArriveAtOnce) {
  store.apply(Init{}, "a");
  store.apply(InitApply<Service>{object("a", "x", "5")}, "a");
  list("b", "11", {object("b", "x", "7")});
  store.apply(InitApply<Service>{object("a", "y", "6")}, "a");
  store.apply(InitDone{"12"}, "a");
  EXPECT_EQ(there(), (Names{"a/x", "a/y", "b/x"}));
}

TEST_F(StoreParts, ARewindEmptiesItsOwnNamespaceAndTheStoreWaitsForItsList) {
  list_all();
  store.apply(Rewound{"12", "3"}, "b");
  EXPECT_EQ(there(), (Names{"a/x", "a/y", "b-2/x"}));
  EXPECT_FALSE(store.ready());
  EXPECT_TRUE(store.listed("a"));
  list("b", "3", {object("b", "x", "2")});
  EXPECT_TRUE(store.ready());
  EXPECT_EQ(found("b", "x"), 1U);
}

TEST_F(StoreParts, APartThatIsLostIsEmptyAndNotListedUntilItIs) {
  list_all();
  store.lose("b");
  EXPECT_EQ(told, (Names{"b/x is gone", "b/y is gone"}));
  EXPECT_FALSE(store.listed("b"));
  EXPECT_FALSE(store.ready());
  EXPECT_TRUE(store.listed("a"));
  EXPECT_EQ(there(), (Names{"a/x", "a/y", "b-2/x"}));
  list("b", "20", {object("b", "y", "8")});
  EXPECT_TRUE(store.listed("b"));
  EXPECT_TRUE(store.ready());
  EXPECT_EQ(there(), (Names{"a/x", "a/y", "b/y", "b-2/x"}));
  EXPECT_FALSE(store.listed("c")) << "nobody tells of it";
}

TEST_F(StoreParts, VersionsAreThoseOfEachWatch) {
  list_all();
  store.apply(Reached{"30"}, "b");
  const auto version = [&](const char* ns) { return store.resource_version(group.snapshot(), ns); };
  EXPECT_EQ(version("a"), "10");
  EXPECT_EQ(version("b"), "30");
  // The watch of "b" is past this, that of "a" is not: only there it is news.
  store.put_written(object("b", "w", "25"));
  store.put_written(object("a", "w", "25"));
  EXPECT_EQ(there(), (Names{"a/w", "a/x", "a/y", "b/x", "b/y", "b-2/x"}));
  EXPECT_EQ(store.newest_written("a"), "25");
  EXPECT_EQ(store.newest_written("b-2"), "");
}

TEST_F(StoreParts, TheDeadOfOneNamespaceStayDeadWhateverIsListedInAnother) {
  list_all();
  store.removed({"a", "x"}, Uid{"uid-a-x"});
  list("b", "40", {});
  store.apply(Apply<Service>{object("a", "x", "5")}, "a");  // a late event
  EXPECT_EQ(there(), (Names{"a/y", "b-2/x"}));
}

TEST_F(StoreParts, WhatIsInNoSuchNamespaceIsNeverHere) {
  list_all();
  store.put_written(object("c", "x", "50"));
  store.removed({"c", "x"}, Uid{"uid-c-x"});
  EXPECT_EQ(store.get(ObjectKey{"c", "x"}), nullptr);
  EXPECT_EQ(told, Names{});
}

TEST(KindWatch, FeedsThePartOfItsNamespaceAndListsNothingElse) {
  testing::ManualClock clock;
  testing::FakeApiServer server(clock);
  const client::Client client(server, {.field_manager = "test"});
  for (const char* ns : {"a", "b", "c"}) {
    ASSERT_TRUE(client.create(wire::kService, testing::make_service(ns, "x", {})).ok());
  }
  server.clear_log();
  StoreGroup group;
  Store<Service>::Hooks hooks;
  hooks.namespaces = {"a", "b"};
  Store<Service> store(group, {}, hooks);
  std::vector<std::unique_ptr<KindWatch>> watches;
  for (const std::string& ns : hooks.namespaces) {
    WatcherConfig config;
    config.kind = wire::kService;
    config.ns = ns;
    config.read_wait = Duration(0);
    watches.push_back(make_kind_watch(client, clock, config, store, {}));
  }
  EXPECT_EQ(watches[0]->name(), "services of namespace a");
  ASSERT_TRUE(watches[0]->step().ok());
  EXPECT_TRUE(watches[0]->ready());
  EXPECT_FALSE(watches[1]->ready());
  ASSERT_TRUE(watches[1]->step().ok());
  EXPECT_TRUE(store.ready());
  EXPECT_EQ(store.size(group.snapshot()), 2U);
  ASSERT_TRUE(client.create(wire::kService, testing::make_service("b", "late", {})).ok());
  ASSERT_TRUE(client.create(wire::kService, testing::make_service("c", "late", {})).ok());
  for (int i = 0; i < 4; ++i) (void)watches[1]->step();
  EXPECT_NE(store.get(ObjectKey{"b", "late"}), nullptr);
  EXPECT_EQ(store.size(group.snapshot()), 3U);
  for (const testing::LoggedRequest& one : server.log()) {
    if (one.write()) continue;
    const bool named = one.request.target.starts_with("/api/v1/namespaces/a/services") ||
                       one.request.target.starts_with("/api/v1/namespaces/b/services");
    EXPECT_TRUE(named) << one.request.target;
  }
}

}  // namespace
}  // namespace berth::runtime
