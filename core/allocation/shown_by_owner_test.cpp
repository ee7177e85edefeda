#include "core/allocation/shown_by_owner.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::allocation {
namespace {

const Uid kApi{"uid-api"};
const Uid kWeb{"uid-web"};

NumberKey tcp(int port, std::string node = "") { return {Port::of(port), Protocol::kTcp, std::move(node)}; }

ShownByOwner with(Space space, const NumberKey& key) {
  ShownByOwner shown;
  ShownByOwner::Editor(shown).add(kApi, space, key);
  return shown;
}

TEST(ShownByOwner, TellsWhatWasAddedAndNothingBesideIt) {
  const ShownByOwner shown = with(Space::kService, tcp(443));
  EXPECT_TRUE(shown.shows(kApi, Space::kService, tcp(443)));
  EXPECT_FALSE(shown.shows(kApi, Space::kService, tcp(444)));
  EXPECT_FALSE(shown.shows(kApi, Space::kService, {Port::of(443), Protocol::kUdp}));
  EXPECT_FALSE(shown.shows(kApi, Space::kHostPort, tcp(443)));
  EXPECT_FALSE(shown.shows(kWeb, Space::kService, tcp(443)));
}

TEST(ShownByOwner, ANodePortHasNoProtocol) {
  const ShownByOwner shown = with(Space::kNodePort, {Port::of(30100)});
  EXPECT_TRUE(shown.shows(kApi, Space::kNodePort, {Port::of(30100)}));
}

TEST(ShownByOwner, ANumberOfOneNodeIsNotThatOfAnother) {
  const ShownByOwner shown = with(Space::kHostPort, tcp(443, "device-1"));
  EXPECT_TRUE(shown.shows(kApi, Space::kHostPort, tcp(443, "device-1")));
  EXPECT_FALSE(shown.shows(kApi, Space::kHostPort, tcp(443, "device-2")));
}

TEST(ShownByOwner, ANumberOfOneNodeConflictsWithTheNumberOfEveryNode) {
  const ShownByOwner shown = with(Space::kHostPort, tcp(443, "device-1"));
  EXPECT_TRUE(shown.shows(kApi, Space::kHostPort, tcp(443)));
}

TEST(ShownByOwner, ANumberOfEveryNodeConflictsWithThatOfAnyNode) {
  const ShownByOwner shown = with(Space::kHostPort, tcp(443));
  EXPECT_TRUE(shown.shows(kApi, Space::kHostPort, tcp(443, "device-1")));
}

TEST(ShownByOwner, WhatTwoShowIsShownUntilNeitherDoes) {
  ShownByOwner shown;
  ShownByOwner::Editor editor(shown);
  for (const char* node : {"device-1", "device-2", ""}) {
    const NumberKey key = tcp(443, node);
    editor.add(kApi, Space::kHostPort, key);
    editor.add(kApi, Space::kHostPort, key);
    editor.remove(kApi, Space::kHostPort, key);
    EXPECT_TRUE(shown.shows(kApi, Space::kHostPort, key)) << node;
    editor.remove(kApi, Space::kHostPort, key);
    EXPECT_FALSE(shown.shows(kApi, Space::kHostPort, key)) << node;
  }
}

TEST(ShownByOwner, RemovingWhatIsNotThereRemovesNothing) {
  ShownByOwner shown = with(Space::kService, tcp(443));
  ShownByOwner::Editor(shown).remove(kApi, Space::kService, tcp(444));
  ShownByOwner::Editor(shown).remove(kWeb, Space::kService, tcp(443));
  EXPECT_TRUE(shown.shows(kApi, Space::kService, tcp(443)));
}

TEST(ShownByOwner, ACopyStaysAsItWas) {
  ShownByOwner shown = with(Space::kService, tcp(443));
  const ShownByOwner copy = shown;
  ShownByOwner::Editor(shown).remove(kApi, Space::kService, tcp(443));
  EXPECT_TRUE(copy.shows(kApi, Space::kService, tcp(443)));
}

}  // namespace
}  // namespace berth::allocation
