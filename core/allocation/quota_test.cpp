// Asked through claim(); a full namespace that renumbers is in chooser_edits_test.cpp, one that chooses again
// what it lost in release_test.cpp.
#include "core/allocation/quota.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"
#include "core/allocation/mesh_for_test.h"

namespace berth::allocation {
namespace {

using testing::ClaimCase;
using testing::Cluster;
using testing::entry;
using testing::expect_answers;
using testing::kOther;
using testing::port;
using testing::resting;

TEST(Quota, CountsTheNumbersThatANamespaceHolds) {
  const ClaimCase cases[] = {
      {"quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, entry(kOther, "x", 1));
       },
       "QuotaExceeded",
       "may hold 2 numbers"},
      {"quota of another namespace",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         Entry foreign = entry(kOther, "x", 1);
         foreign.owner.ns = "data";
         c.put(Space::kNodePort, 24500, foreign);
       },
       "a:24501 b:24502",
       ""},
      {"resting numbers do not count against the quota",
       {port("a"), port("b")},
       [](Cluster& c) {
         c.ranges[0].spec.limits.per_namespace = 2;
         c.put(Space::kNodePort, 24500, resting(entry(kOther, "x", 1)));
       },
       "a:24501 b:24502",
       ""},
      {"a shared number counts once",
       {port("t", 24503), port("u", 24503, Protocol::kUdp)},
       [](Cluster& c) { c.ranges[0].spec.limits.per_namespace = 1; },
       "t:24503 u:24503",
       ""},
  };
  expect_answers(cases);
}

}  // namespace
}  // namespace berth::allocation
