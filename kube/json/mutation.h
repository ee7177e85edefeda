// For randomized tests of parsers: a seeded generator that breaks documents, and a loop that lasts a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace berth::json {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

// From BERTH_TEST_SEED when that is set, so that a failure can be repeated; printed either way.
inline Random seeded_random() {
  const char* given = std::getenv("BERTH_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "BERTH_TEST_SEED=" << seed << "\n";
  return Random(seed);
}

// A few edits: bytes changed, cut out, doubled, repeated, and what parsers have been broken with put in.
inline std::string mutated(std::string text, Random& random) {
  constexpr std::string_view kTokens[] = {
      "{",        "}",          "[",       "]",    ",",    ":",   "\"",           "\\",
      "null",     "true",       "-",       "0",    "1e99", "0.",  "e-2147483639", "1e999",
      "5432.0",   "4294967376", "\\u0000", "\xC3", "\xFF", "{},", "\\ud800",      "99999999999999999999",
      "\"uid\":", "\"port\":",  "\"a\":",  "\n"};
  for (std::size_t edits = 1 + below(random, 4); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = below(random, text.size());
    const std::size_t length = below(random, std::min<std::size_t>(text.size() - at, 24) + 1);
    switch (below(random, 6)) {
      case 0:
        text[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, kTokens[below(random, std::size(kTokens))]);
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(at, std::string(1 + below(random, 300), text[at]));
    }
  }
  return text;
}

// Calls `check` with mutations of the corpus for a second, or until a fatal failure.
template <class Check>
void for_a_second(const std::vector<std::string>& corpus, Check&& check) {
  Random random = seeded_random();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::size_t documents = 0;
  while (std::chrono::steady_clock::now() < end && !testing::Test::HasFatalFailure()) {
    check(mutated(corpus[below(random, corpus.size())], random));
    ++documents;
  }
  std::cout << documents << " documents\n";
  EXPECT_GT(documents, 0U);
}

}  // namespace berth::json
