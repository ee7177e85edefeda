#include "kube/runtime/store.h"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "core/model/service.h"

namespace berth::runtime {
namespace {

Service object(const std::string& name, const std::string& version, const std::string& uid = "",
               const std::string& ns = "a") {
  Service made;
  made.meta.ns = ns;
  made.meta.name = name;
  made.meta.uid = Uid{uid.empty() ? "uid-" + name : uid};
  made.meta.resource_version = version;
  return made;
}

struct World {
  StoreGroup group;
  std::vector<std::string> told;
  Store<Service>::Hooks hooks{[this](const Rewound&) { told.push_back("rewound"); },
                              [this] { told.push_back("listed"); }};
  Store<Service> store{
      group,
      [this](const Change<Service>& change) {
        const auto version = [](const auto& side) {
          return side ? side->meta.resource_version : std::string("-");
        };
        told.push_back(change.key().name + " " + version(change.before) + ">" + version(change.after));
      },
      hooks};

  void list(const std::string& version, const std::vector<Service>& objects) {
    store.apply(Init{});
    for (const Service& each : objects) store.apply(InitApply<Service>{each});
    store.apply(InitDone{version});
  }
  std::string version_of(const std::string& name) {
    const auto found = store.get(ObjectKey{"a", name});
    return found ? found->meta.resource_version : "none";
  }
  std::vector<std::string> take_told() { return std::exchange(told, {}); }
};

using Told = std::vector<std::string>;

TEST(Store, ShowsNothingOfAListBeforeItIsWhole) {
  World world;
  world.store.apply(Init{});
  world.store.apply(InitApply<Service>{object("x", "5")});
  EXPECT_FALSE(world.store.ready());
  EXPECT_EQ(world.version_of("x"), "none");
  world.store.apply(InitDone{"7"});
  EXPECT_TRUE(world.store.ready());
  EXPECT_EQ(world.version_of("x"), "5");
  EXPECT_EQ(world.store.resource_version(world.group.snapshot()), "7");
  EXPECT_EQ(world.take_told(), (Told{"x ->5", "listed"}));
}

TEST(Store, KeepsTheOldViewWhileANewListArrives) {
  World world;
  world.list("7", {object("x", "5"), object("y", "6")});
  world.store.apply(Init{});
  world.store.apply(InitApply<Service>{object("x", "9")});
  EXPECT_EQ(world.version_of("x"), "5");
  EXPECT_EQ(world.version_of("y"), "6");
  world.take_told();
  world.store.apply(InitDone{"10"});
  EXPECT_EQ(world.take_told(), (Told{"x 5>9", "y 6>-", "listed"}));
}

TEST(Store, ForgetsAListThatWasBrokenOff) {
  World world;
  world.store.apply(Init{});
  world.store.apply(InitApply<Service>{object("x", "5")});
  world.list("8", {object("y", "6")});
  EXPECT_EQ(world.version_of("x"), "none");
  EXPECT_EQ(world.version_of("y"), "6");
}

TEST(Store, TellsOnlyWhatAListChanged) {
  World world;
  world.list("7", {object("x", "5"), object("y", "6")});
  world.take_told();
  world.list("9", {object("x", "5"), object("y", "6")});
  EXPECT_EQ(world.take_told(), (Told{"listed"}));
}

TEST(Store, ReadsItsOwnWrites) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.put_written(object("x", "9"));
  EXPECT_EQ(world.version_of("x"), "9");
  world.take_told();
  world.store.apply(Apply<Service>{object("x", "8")});  // the watch lags behind the write
  world.store.apply(Apply<Service>{object("x", "9")});  // and brings the write itself
  EXPECT_EQ(world.version_of("x"), "9");
  EXPECT_EQ(world.take_told(), Told{});
  world.store.apply(Apply<Service>{object("x", "10")});
  EXPECT_EQ(world.take_told(), (Told{"x 9>10"}));
}

TEST(Store, DoesNotLetALateReplyOverrideTheWatch) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.apply(Apply<Service>{object("x", "12")});
  world.store.put_written(object("x", "11"));
  EXPECT_EQ(world.version_of("x"), "12");
}

TEST(Store, KeepsAWriteThatIsNewerThanAList) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.put_written(object("x", "9"));
  world.store.put_written(object("new", "10"));
  world.list("8", {object("x", "5")});
  EXPECT_EQ(world.version_of("x"), "9");
  EXPECT_EQ(world.version_of("new"), "10");
  world.list("11", {object("x", "9")});
  EXPECT_EQ(world.version_of("new"), "none") << "a list as of 11 would have had it";
}

TEST(Store, DoesNotBringBackTheDead) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.apply(Delete<Service>{object("x", "8")});
  EXPECT_EQ(world.version_of("x"), "none");
  world.store.put_written(object("x", "6"));            // the reply to an old write of ours
  world.store.apply(Apply<Service>{object("x", "6")});  // an old event
  EXPECT_EQ(world.version_of("x"), "none");
  world.store.apply(Apply<Service>{object("x", "9", "another-uid")});
  EXPECT_EQ(world.version_of("x"), "9") << "a successor of the same name lives";
}

// A watch with a selector tells of what leaves it as of a deletion, at the version of the edit.
TEST(Store, TakesBackWhatLeftTheSelectorAndReturned) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.apply(Delete<Service>{object("x", "8")});
  EXPECT_EQ(world.version_of("x"), "none");
  world.store.apply(Apply<Service>{object("x", "9")});
  EXPECT_EQ(world.version_of("x"), "9");
  world.store.apply(Delete<Service>{object("x", "10")});
  world.store.apply(Apply<Service>{object("x", "9")});
  EXPECT_EQ(world.version_of("x"), "none") << "an old event of what is gone now";
}

TEST(Store, WhatWeBroughtBackOurselvesOutlivesTheLateNewsThatItLeft) {
  World world;
  world.list("7", {object("x", "5")});
  world.store.put_written(object("x", "9"));
  world.store.apply(Delete<Service>{object("x", "8")});
  EXPECT_EQ(world.version_of("x"), "9");
  world.store.apply(Apply<Service>{object("x", "9")});
  EXPECT_EQ(world.version_of("x"), "9");
}

TEST(Store, ADeletionTakesOnlyTheObjectItIsAbout) {
  World world;
  world.list("7", {object("x", "5", "old")});
  world.store.put_written(object("x", "9", "new"));
  world.store.apply(Delete<Service>{object("x", "8", "old")});
  EXPECT_EQ(world.version_of("x"), "9");
  world.store.apply(Delete<Service>{object("x", "10", "new")});
  EXPECT_EQ(world.version_of("x"), "none");
}

TEST(Store, IgnoresALateReplyAboutWhatCameAndWentUnseen) {
  World world;
  world.list("7", {});
  world.list("9", {});  // in between x was made as 8, and deleted
  world.store.put_written(object("x", "8"));
  EXPECT_EQ(world.version_of("x"), "none");
}

TEST(Store, RemovedTakesOneUidAndNoEventRevivesIt) {
  World world;
  world.list("7", {object("x", "5", "old")});
  world.store.removed({"a", "x"}, Uid{"other"});
  EXPECT_EQ(world.version_of("x"), "5");
  world.store.removed({"a", "x"}, Uid{"old"});
  EXPECT_EQ(world.version_of("x"), "none");
  world.store.apply(Apply<Service>{object("x", "6", "old")});
  world.list("7", {object("x", "6", "old")});  // a list that was on its way
  EXPECT_EQ(world.version_of("x"), "none");
}

TEST(Store, ARewindEmptiesIt) {
  World world;
  world.list("70", {object("x", "50")});
  world.store.apply(Delete<Service>{object("x", "71")});
  world.store.put_written(object("y", "72"));
  world.take_told();
  world.store.apply(Rewound{"72", "40"});
  EXPECT_FALSE(world.store.ready());
  EXPECT_EQ(world.take_told(), (Told{"y 72>-", "rewound"}));
  world.list("40", {object("x", "30")});
  EXPECT_EQ(world.version_of("x"), "30") << "lower versions and a buried uid are right again";
  EXPECT_TRUE(world.store.ready());
}

TEST(Store, AListThatContradictsOlderKnowledgeWins) {
  World world;
  world.list("100", {object("x", "90"), object("y", "80")});
  world.store.apply(Apply<Service>{object("x", "110")});
  world.store.apply(Delete<Service>{object("y", "111")});
  // etcd was restored as of 100, and new writes have carried it past 111.
  world.list("120", {object("x", "90"), object("y", "80")});
  EXPECT_EQ(world.version_of("x"), "90");
  EXPECT_EQ(world.version_of("y"), "80");
}

TEST(Store, ComparesVersionsAsNumbersOfAnyLength) {
  World world;
  world.list("9", {object("x", "9")});
  world.store.apply(Apply<Service>{object("x", "10")});
  EXPECT_EQ(world.version_of("x"), "10");
  world.store.apply(Apply<Service>{object("x", "99999999999999999999999")});
  world.store.apply(Apply<Service>{object("x", "18446744073709551617")});
  EXPECT_EQ(world.version_of("x"), "99999999999999999999999");
}

TEST(Store, VersionFollowsEventsAndBookmarks) {
  World world;
  world.list("7", {});
  world.store.apply(Apply<Service>{object("x", "9")});
  EXPECT_EQ(world.store.resource_version(world.group.snapshot()), "9");
  world.store.apply(Reached{"20"});
  EXPECT_EQ(world.store.resource_version(world.group.snapshot()), "20");
}

TEST(Store, FindsANamespace) {
  World world;
  world.list("7", {object("x", "1", "1", "a"), object("y", "2", "2", "b"), object("x", "3", "3", "b"),
                   object("z", "4", "4", "bb")});
  const Snapshot snapshot = world.group.snapshot();
  const auto found = world.store.in_namespace(snapshot, "b");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]->meta.name, "x");
  EXPECT_EQ(found[1]->meta.name, "y");
  int visited = 0;
  world.store.for_each_in(snapshot, "a", [&](const auto&) { ++visited; });
  EXPECT_EQ(visited, 1);
  EXPECT_TRUE(world.store.in_namespace(snapshot, "none").empty());
  EXPECT_EQ(world.store.all(snapshot).size(), 4U);
}

// One of them whole, the others packed.
struct TaggedWorld {
  StoreGroup group;
  Store<Service> store{group, {}, {.tags = tags_of, .whole = 1}};

  static Tags tags_of(const Service& service) {
    Tags tags;
    for (const auto& [key, value] : service.selector) tags.push_back(key + "=" + value);
    return tags;
  }
  void put(const std::string& name, const std::string& version, Labels selector,
           const std::string& ns = "a") {
    Service service = object(name, version, "", ns);
    service.selector = std::move(selector);
    store.apply(Apply<Service>{std::move(service)});
  }
  std::vector<std::string> found(const Tags& tags) {
    std::vector<std::string> names;
    for (const auto& each : store.tagged(group.snapshot(), "a", tags)) names.push_back(each->meta.name);
    return names;
  }
};

using Names = std::vector<std::string>;

TEST(Store, FindsByTagInTheOrderOfNamesAndInOneNamespace) {
  TaggedWorld world;
  world.put("y", "1", {{"app", "web"}});
  world.put("x", "2", {{"app", "web"}, {"tier", "front"}});
  world.put("z", "3", {{"app", "db"}});
  world.put("x", "4", {{"app", "web"}}, "b");
  EXPECT_EQ(world.found({"app=web"}), (Names{"x", "y"}));
  EXPECT_EQ(world.found({"app=db"}), (Names{"z"}));
  EXPECT_EQ(world.found({"app=none"}), Names());
  EXPECT_EQ(world.found({"app=web", "tier=front"}), (Names{"x"}));
  EXPECT_EQ(world.found({"app=web", "tier=none"}), Names());
}

TEST(Store, FindsAnObjectByTheTagsItHasNow) {
  TaggedWorld world;
  world.put("x", "1", {{"app", "web"}});
  world.put("x", "2", {{"app", "db"}});
  EXPECT_EQ(world.found({"app=web"}), Names());
  EXPECT_EQ(world.found({"app=db"}), (Names{"x"}));
  world.store.apply(Delete<Service>{object("x", "3")});
  EXPECT_EQ(world.found({"app=db"}), Names());
  world.put("y", "4", {{"app", "db"}});
  world.store.removed({"a", "y"}, Uid{"uid-y"});
  EXPECT_EQ(world.found({"app=db"}), Names());
  world.put("z", "5", {{"app", "db"}});
  world.store.apply(Init{});
  world.store.apply(InitApply<Service>{object("z", "5")});
  world.store.apply(InitDone{"9"});
  EXPECT_EQ(world.found({"app=db"}), (Names{"z"})) << "the same version is the same object";
  world.store.apply(Rewound{});
  EXPECT_EQ(world.found({"app=db"}), Names());
}

TEST(Store, PackedObjectsAreReadLikeWholeOnes) {
  StoreGroup group;
  std::vector<Service> told;
  Store<Service> store(group, [&](const Change<Service>& change) { told.push_back(*change.after); },
                       {.whole = 1});
  std::vector<Service> made;
  for (const std::string name : {"x", "y", "z"}) {
    made.push_back(object(name, "5"));
    made.back().ports = {{"web", Protocol::kUdp, std::nullopt, 80, TargetPort{std::string("http")}, 30500}};
    made.back().meta.creation_timestamp = "2026-11-22T05:00:00Z";
    store.apply(Apply<Service>{made.back()});
  }
  EXPECT_EQ(told, made);
  const auto snapshot = group.snapshot();
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_EQ(*store.get(snapshot, made[i].meta.key()), made[i]);
    EXPECT_EQ(*store.in_namespace(snapshot, "a").at(i), made[i]);
    EXPECT_EQ(store.keys(snapshot).at(i), made[i].meta.key());
    EXPECT_EQ(store.keys_in(snapshot, "a").at(i), made[i].meta.key());
  }
  EXPECT_EQ(store.get(snapshot, made[0].meta.key()), store.get(snapshot, made[0].meta.key()))
      << "whole: shared";
  EXPECT_NE(store.get(snapshot, made[2].meta.key()), store.get(snapshot, made[2].meta.key()))
      << "packed: copies";
}

TEST(Store, LooksForOneOfANamespaceNoFurtherThanNeeded) {
  World world;
  world.list("7", {object("x", "5"), object("y", "6"), object("z", "7", "", "b")});
  const auto snapshot = world.group.snapshot();
  int looked = 0;
  const auto any = [&](const std::string& name) {
    looked = 0;
    return world.store.any_in(snapshot, "a", [&](const Service& each) {
      ++looked;
      return each.meta.name == name;
    });
  };
  EXPECT_TRUE(any("x"));
  EXPECT_EQ(looked, 1);
  EXPECT_FALSE(any("z"));
  EXPECT_EQ(looked, 2);
}

TEST(Store, ChangesCanBeReadInsideTheListener) {
  StoreGroup group;
  Store<Service>* seen = nullptr;
  std::string read;
  Store<Service> store(group, [&](const Change<Service>& change) {
    const auto found = seen->get(change.key());
    read = found ? found->meta.resource_version : "none";
  });
  seen = &store;
  store.put_written(object("x", "5"));
  EXPECT_EQ(read, "5");
}

TEST(StoreDeathTest, RefusesASnapshotOfAnotherGroup) {
  World world;
  const StoreGroup other;
  const Snapshot foreign = other.snapshot();
  EXPECT_DEATH((void)world.store.all(foreign), "");
}

// Whatever order late replies, lists and events come in: the store ends at the truth, and never shows an
// older state of an object than one it has shown. `forgets_tombstones` is the known-bad variant.
struct Outcome {
  bool went_back = false;
  bool differs = false;
};

Outcome simulate(std::uint64_t seed, bool forgets_tombstones) {
  std::mt19937_64 random(seed);
  StoreGroup group;
  Outcome outcome;
  std::map<std::string, std::string> newest;  // uid -> newest version shown
  std::set<std::string> gone;
  const auto listener = [&](const Change<Service>& change) {
    if (!change.after) {
      gone.insert(change.before->meta.uid.text);
      return;
    }
    std::string& shown = newest[change.after->meta.uid.text];
    if (is_older(change.after->meta.resource_version, shown)) outcome.went_back = true;
    if (gone.contains(change.after->meta.uid.text)) outcome.went_back = true;
    shown = change.after->meta.resource_version;
  };
  // None, some or all of them packed.
  Store<Service> store(group, listener,
                       {.tags = [](const Service& service) { return Tags{service.type}; },
                        .whole = static_cast<std::size_t>(seed % 4)});
  std::map<std::string, Service> truth;
  std::vector<WatchOutput<Service>> events;  // not yet delivered
  std::vector<Service> replies;
  std::size_t delivered = 0;
  int version = 0;
  const std::vector<std::string> types = {"ClusterIP", "NodePort", "LoadBalancer"};
  for (int i = 0; i < 200; ++i) {
    const std::string name(1, static_cast<char>('a' + static_cast<char>(random() % 3)));
    const auto found = truth.find(name);
    switch (random() % 6) {
      case 0:
      case 1: {  // create or change, by us
        ++version;
        const std::string uid =
            found == truth.end() ? "u" + std::to_string(version) : found->second.meta.uid.text;
        Service next = object(name, std::to_string(version), uid);
        next.type = types[random() % types.size()];
        truth[name] = next;
        events.emplace_back(Apply<Service>{next});
        replies.push_back(next);
        break;
      }
      case 2:
        if (found != truth.end()) {
          Service last = found->second;
          last.meta.resource_version = std::to_string(++version);
          truth.erase(found);
          events.emplace_back(Delete<Service>{last});
        }
        break;
      case 3:
        if (delivered < events.size()) store.apply(events[delivered++]);
        break;
      case 4:
        if (!replies.empty()) {
          const std::size_t which = random() % replies.size();
          if (forgets_tombstones) {
            store.apply(Apply<Service>{replies[which]});
            store.apply(Delete<Service>{object(replies[which].meta.name, "0", "nobody")});
            if (random() % 2 == 0) store.apply(Rewound{});
          } else {
            store.put_written(replies[which]);
          }
          replies.erase(replies.begin() + static_cast<std::ptrdiff_t>(which));
        }
        break;
      default:
        if (random() % 8 == 0) {
          store.apply(Init{});
          for (const auto& [key, each] : truth) store.apply(InitApply<Service>{each});
          store.apply(InitDone{std::to_string(version)});
          delivered = events.size();
        }
    }
  }
  while (delivered < events.size()) store.apply(events[delivered++]);
  for (const Service& late : replies) store.put_written(late);
  const auto snapshot = group.snapshot();
  outcome.differs = store.size(snapshot) != truth.size();
  store.for_each(snapshot, [&](const std::shared_ptr<const Service>& each) {
    const auto found = truth.find(each->meta.name);
    if (found == truth.end() || found->second != *each) outcome.differs = true;
  });
  for (const std::string type : {"ClusterIP", "NodePort", "LoadBalancer"}) {
    std::vector<std::string> names;
    for (const auto& [name, each] : truth) {
      if (each.type == type) names.push_back(name);
    }
    std::vector<std::string> found;
    for (const auto& each : store.tagged(snapshot, "a", {type})) found.push_back(each->meta.name);
    if (found != names) outcome.differs = true;
  }
  return outcome;
}

TEST(Store, EndsAtTheTruthAndNeverGoesBack) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Outcome outcome = simulate(seed, false);
    ASSERT_FALSE(outcome.went_back) << "seed " << seed;
    ASSERT_FALSE(outcome.differs) << "seed " << seed;
  }
}

TEST(Store, ThatTestCanFail) {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Outcome outcome = simulate(seed, true);
    failed += outcome.went_back || outcome.differs ? 1 : 0;
  }
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace berth::runtime
