#include "core/base/cidr.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Cidr, ReadsBothFamilies) {
  EXPECT_EQ(to_string(*Cidr::parse("10.20.0.0/16")), "10.20.0.0/16");
  EXPECT_EQ(to_string(*Cidr::parse("2001:db8::/32")), "2001:db8::/32");
  EXPECT_EQ(to_string(*Cidr::parse_address("203.0.113.9")), "203.0.113.9/32");
  for (const char* wrong :
       {"", "10.20.0.0", "10.20.0.0/33", "10.20.0.1/16", "10.20.0.0/016", "10.20.0.0/-1", "::/129", "x/8"}) {
    EXPECT_FALSE(Cidr::parse(wrong).ok()) << wrong;
  }
}

TEST(Cidr, ContainsOnlyItsOwnFamilyAndPart) {
  const auto net = *Cidr::parse("10.0.0.0/8");
  EXPECT_TRUE(net.contains(*Cidr::parse("10.20.0.0/16")));
  EXPECT_FALSE(net.contains(*Cidr::parse("11.0.0.0/16")));
  EXPECT_FALSE(Cidr::parse("10.20.0.0/16")->contains(net));
  EXPECT_FALSE(net.contains(*Cidr::parse("2001:db8::/32")));
}

TEST(Cidr, OnlyLoopbackStaysOnTheHost) {
  for (const char* inside : {"127.0.0.1", "127.8.9.1", "::1"})
    EXPECT_TRUE(Cidr::parse_address(inside)->is_loopback()) << inside;
  for (const char* outside : {"0.0.0.0", "::", "10.0.0.1", "169.254.169.254"}) {
    EXPECT_FALSE(Cidr::parse_address(outside)->is_loopback()) << outside;
  }
  EXPECT_TRUE(Cidr::parse("127.0.0.0/8")->is_loopback());
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->is_loopback());
}

}  // namespace
}  // namespace berth
