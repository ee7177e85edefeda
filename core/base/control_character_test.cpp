#include "core/base/control_character.h"

#include <gtest/gtest.h>
#include <string_view>

namespace berth {
namespace {

TEST(ControlCharacter, IsWhatAsciiCallsOneAndNoByteOfALongerCharacter) {
  for (const char c : std::string_view("\0\t\n\r\x1f\x7f", 6)) EXPECT_TRUE(is_control(c)) << int{c};
  for (const char c : std::string_view(" ~a0\x80\x9f\xc3\xbc\xff")) EXPECT_FALSE(is_control(c)) << int{c};
}

}  // namespace
}  // namespace berth
