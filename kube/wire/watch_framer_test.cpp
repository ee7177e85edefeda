#include "kube/wire/watch_framer.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <vector>

namespace berth::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Everything the framer has; an error ends the list with "!".
std::vector<std::string> drain(WatchFramer& framer) {
  std::vector<std::string> lines;
  while (true) {
    const auto line = framer.next();
    if (!line.ok()) {
      EXPECT_EQ(line.error().code, Code::kMalformed);
      lines.emplace_back("!");
      return lines;
    }
    if (!line->has_value()) return lines;
    lines.emplace_back(**line);
  }
}

std::vector<std::string> fed(WatchFramer& framer, std::string_view bytes) {
  framer.feed(bytes);
  return drain(framer);
}

TEST(WatchFramer, DeliversWholeLines) {
  WatchFramer framer;
  EXPECT_THAT(fed(framer, "one\ntwo\nthr"), ElementsAre("one", "two"));
  EXPECT_TRUE(framer.mid_line());
  EXPECT_THAT(fed(framer, "ee"), IsEmpty());
  EXPECT_THAT(fed(framer, "\n"), ElementsAre("three"));
  EXPECT_FALSE(framer.mid_line());
}

TEST(WatchFramer, ToleratesCarriageReturnsAndEmptyLines) {
  WatchFramer framer;
  EXPECT_THAT(fed(framer, "\r\none\r"), IsEmpty());
  EXPECT_THAT(fed(framer, "\n\n\r\ntwo\r\rx\n"), ElementsAre("one", "two\r\rx"));
  EXPECT_THAT(fed(framer, ""), IsEmpty());
}

TEST(WatchFramer, TakesALineOfExactlyTheBound) {
  WatchFramer framer(4);
  EXPECT_THAT(fed(framer, "1234\n1234\r\n1234"), ElementsAre("1234", "1234"));
  EXPECT_THAT(fed(framer, "\r"), IsEmpty());
  EXPECT_THAT(fed(framer, "\n"), ElementsAre("1234"));
}

TEST(WatchFramer, DeliversTheLinesBeforeOneThatIsTooLong) {
  WatchFramer framer(4);
  EXPECT_THAT(fed(framer, "a\n12345\nb\n"), ElementsAre("a", "!"));
  EXPECT_THAT(fed(framer, "c\n"), ElementsAre("!"));
  EXPECT_FALSE(framer.mid_line());
}

TEST(WatchFramer, RefusesALineThatNeverEnds) {
  WatchFramer framer(1000);
  std::vector<std::string> lines;
  int feeds = 0;
  for (; lines.empty(); ++feeds) lines = fed(framer, std::string(100, 'x'));
  EXPECT_THAT(lines, ElementsAre("!"));
  EXPECT_EQ(feeds, 11);
}

// The slow obvious reference: everything at once, split at line ends.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
      continue;
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(line);
    line.clear();
  }
  return lines;
}

// A framer that looks for line ends only in the bytes that have just come: what the property must catch.
std::vector<std::string> split_each_chunk(const std::vector<std::string>& chunks) {
  std::vector<std::string> lines;
  for (const std::string& chunk : chunks) {
    for (std::string& line : split(chunk)) lines.push_back(std::move(line));
  }
  return lines;
}

TEST(WatchFramer, GivesTheSameLinesHoweverTheBytesAreCut) {
  const char* given = std::getenv("BERTH_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "BERTH_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  bool bad_variant_failed = false;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = below(200); i > 0; --i) text += "ab\r\n\n"[below(5)];
    std::vector<std::string> chunks;
    for (std::size_t at = 0; at < text.size(); at += chunks.back().size()) {
      chunks.push_back(text.substr(at, 1 + below(17)));
    }
    WatchFramer framer;
    std::vector<std::string> lines;
    for (const std::string& chunk : chunks) {
      for (std::string& line : fed(framer, chunk)) lines.push_back(std::move(line));
    }
    ASSERT_EQ(lines, split(text)) << "round " << round;
    ASSERT_EQ(framer.mid_line(), !text.empty() && text.back() != '\n');
    bad_variant_failed = bad_variant_failed || split_each_chunk(chunks) != split(text);
  }
  EXPECT_TRUE(bad_variant_failed);
}

}  // namespace
}  // namespace berth::wire
