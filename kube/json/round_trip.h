// For the tests of the codec: JSON as the API server sends it -> struct -> JSON -> struct.
#pragma once

#include <gtest/gtest.h>
#include <string_view>

#include "kube/json/codec.h"
#include "kube/json/packed.h"

namespace berth::json {

// Decoded, `text` is `expected`; packed and unpacked it still is, and encoded and decoded again but for what
// only the server sets.
template <class T>
void expect_round_trip(std::string_view text, T expected) {
  const Result<T> decoded = decode<T>(text);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, expected) << encode(*decoded);
  EXPECT_EQ(unpack<T>(pack(*decoded)), expected);
  const std::string encoded = encode(*decoded);
  const Result<T> again = decode<T>(encoded);
  ASSERT_TRUE(again.ok()) << again.error().message << "\n" << encoded;
  expected.meta.generation = 0;
  expected.meta.creation_timestamp.clear();
  expected.meta.deletion_timestamp.clear();
  EXPECT_EQ(*again, expected) << encoded;
  EXPECT_EQ(encode(*again), encoded);
}

}  // namespace berth::json
