#include "core/base/shared_map.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace berth {
namespace {

struct Itself {
  std::size_t operator()(int key) const { return static_cast<std::size_t>(key); }
};
using Numbers = SharedMap<int, std::string, Itself>;
constexpr int kNextOfTheSamePart = 1 + static_cast<int>(Numbers::kParts);

std::vector<int> keys(const Numbers& map) {
  std::vector<int> found;
  map.for_each([&](int key, const std::string&) { found.push_back(key); });
  return found;
}

TEST(SharedMap, ACopyStaysAsItWasWhateverBecomesOfTheOriginal) {
  Numbers original;
  Numbers::Editor(original).part(1)[1] = "one";
  const Numbers copy = original;
  {
    Numbers::Editor editor(original);
    editor.part(1)[1] = "uno";
    editor.part(2)[2] = "two";
  }
  ASSERT_NE(copy.find(1), nullptr);
  EXPECT_EQ(*copy.find(1), "one");
  EXPECT_EQ(copy.find(2), nullptr);
  EXPECT_EQ(*original.find(1), "uno");
}

TEST(SharedMap, AnOriginalStaysAsItWasWhateverBecomesOfACopy) {
  Numbers original;
  Numbers::Editor(original).part(1)[1] = "one";
  Numbers copy = original;
  Numbers::Editor(copy).part(1).erase(1);
  EXPECT_EQ(copy.find(1), nullptr);
  ASSERT_NE(original.find(1), nullptr);
}

TEST(SharedMap, WhatNeitherHasChangedIsThereOnce) {
  Numbers original;
  Numbers::Editor(original).part(1)[1] = "one";
  Numbers copy = original;
  Numbers::Editor(copy).part(2)[2] = "two";
  EXPECT_EQ(original.find(1), copy.find(1));
}

TEST(SharedMap, AnEditorCopiesAPartOnce) {
  Numbers map;
  Numbers::Editor editor(map);
  auto* first = &editor.part(1);
  EXPECT_EQ(&editor.part(1), first);
  EXPECT_EQ(&editor.part(kNextOfTheSamePart), first);
}

TEST(SharedMap, VisitsPartByPartInTheOrderOfKeys) {
  Numbers map;
  Numbers::Editor editor(map);
  for (const int key : {kNextOfTheSamePart, 2, 1}) editor.part(key)[key] = "";
  EXPECT_EQ(keys(map), (std::vector<int>{1, kNextOfTheSamePart, 2}));
  EXPECT_EQ(map.part(1).size(), 2U);
}

TEST(SharedMap, AnEmptyOneHasNothing) {
  EXPECT_TRUE(keys(Numbers()).empty());
  EXPECT_TRUE(Numbers().part(7).empty());
}

}  // namespace
}  // namespace berth
