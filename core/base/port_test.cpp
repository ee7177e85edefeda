#include "core/base/port.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Port, AcceptsOnlyPlainDecimalFromOneTo65535) {
  EXPECT_EQ(parse_port("1")->number(), 1);
  EXPECT_EQ(parse_port("65535")->number(), 65535);
  for (const char* wrong : {"", "0", "65536", "70968", "-1", "+1", "010", " 1", "1 ", "1.0", "0x50", "5432\n",
                            "99999999999999999999", "1-2", "eighty"}) {
    const auto port = parse_port(wrong);
    ASSERT_FALSE(port.ok()) << wrong;
    EXPECT_NE(port.error().message.find("1 to 65535"), std::string::npos) << port.error().message;
  }
}

TEST(Port, IsNeverTruncated) {
  // 5432 + 65536: exposure.md row 67.
  EXPECT_FALSE(Port::checked(70968).ok());
  EXPECT_FALSE(Port::checked(std::int64_t{1} << 32 | 80).ok());
}

TEST(PortSpan, ReadsNumbersAndRanges) {
  EXPECT_EQ(*parse_port_span("443"), (PortSpan{Port::of(443), Port::of(443)}));
  EXPECT_EQ(*parse_port_span("24500-24599"), (PortSpan{Port::of(24500), Port::of(24599)}));
  for (const char* wrong : {"2-1", "1-", "-1", "1-2-3", "1 - 2", "+1-+2"}) {
    EXPECT_FALSE(parse_port_span(wrong).ok()) << wrong;
  }
}

TEST(PortSpan, SaysHowToWriteABackwardRange) {
  EXPECT_NE(parse_port_span("200-100").error().message.find("'100-200'"), std::string::npos);
}

TEST(PortSpan, RelativeOnesCountFromTheFirstNumberOfTheRange) {
  const Port base = Port::of(20000);
  EXPECT_EQ(*parse_port_span_relative("+1000-+1999", base), (PortSpan{Port::of(21000), Port::of(21999)}));
  EXPECT_EQ(*parse_port_span_relative("+0", base), (PortSpan{base, base}));
  EXPECT_FALSE(parse_port_span_relative("+60000", base).ok());
}

TEST(PortSpan, NormalizingJoinsWhatTouches) {
  const auto spans = normalized(
      {*parse_port_span("20-29"), *parse_port_span("1-5"), *parse_port_span("6"), *parse_port_span("25-40")});
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(to_string(spans[0]), "1-6");
  EXPECT_EQ(to_string(spans[1]), "20-40");
  EXPECT_EQ(count_ports(spans), 27);
}

TEST(Protocol, IsCaseSensitiveAsTheApiServer) {
  EXPECT_EQ(*parse_protocol("UDP"), Protocol::kUdp);
  EXPECT_FALSE(parse_protocol("tcp").ok());
  EXPECT_FALSE(parse_protocol("").ok());
}

}  // namespace
}  // namespace berth
