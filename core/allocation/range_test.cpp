#include "core/allocation/range.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::allocation {
namespace {

PortRange mesh() {
  PortRange range = testing::range("mesh", "NodePort", {"24500-24599", "24700"});
  range.spec.purpose = "mesh";
  range.spec.blocks = {{"vpn", {"+10-+19"}, "vpn-core", ""}, {"agents", {"24520-24539", "24541"}, "", ""}};
  range.spec.reserved = {{{"24570"}, "threat intelligence engine"}};
  range.spec.limits.per_namespace = 20;
  range.spec.order = "Spread";
  range.spec.reuse_after = "2m10s";
  return range;
}

TEST(Range, IsReadIntoNumbers) {
  const CompiledRange range = compile(mesh()).value();
  EXPECT_EQ(range.space, Space::kNodePort);
  EXPECT_EQ(count_ports(range.spans), 101);
  ASSERT_NE(range.block("vpn"), nullptr);
  EXPECT_EQ(range.block("vpn")->spans, (std::vector<PortSpan>{{Port::of(24510), Port::of(24519)}}));
  EXPECT_EQ(range.block("nothing"), nullptr);
  ASSERT_NE(range.reservation(Port::of(24570)), nullptr);
  EXPECT_EQ(range.reservation(Port::of(24570))->reason, "threat intelligence engine");
  EXPECT_EQ(range.reservation(Port::of(24571)), nullptr);
  EXPECT_EQ(range.per_namespace, 20);
  EXPECT_EQ(range.order, Order::kSpread);
  EXPECT_EQ(range.reuse_after, std::chrono::seconds(130));
}

TEST(Range, HasDefaults) {
  const CompiledRange range = compile(testing::range("r", "Service", {"443"})).value();
  EXPECT_EQ(range.order, Order::kLowest);
  EXPECT_EQ(range.reuse_after, kDefaultReuseAfter);
  EXPECT_EQ(range.per_namespace, 0);
}

TEST(Range, ErrorsNameTheFieldAndTheValue) {
  struct Case {
    const char* field;
    const char* value;
    void (*spoil)(PortRangeSpec&);
  };
  const Case cases[] = {
      {"spec.space", "Pod", [](PortRangeSpec& spec) { spec.space = "Pod"; }},
      {"spec.ports", "at least one", [](PortRangeSpec& spec) { spec.ports = {}; }},
      {"spec.ports[1]", "70000", [](PortRangeSpec& spec) { spec.ports[1] = "70000"; }},
      {"spec.ports[0]", "9-1", [](PortRangeSpec& spec) { spec.ports[0] = "9-1"; }},
      {"spec.ports[0]", "+1", [](PortRangeSpec& spec) { spec.ports[0] = "+1"; }},
      {"spec.blocks[0].ports[0]", "70000", [](PortRangeSpec& spec) { spec.blocks[0].ports[0] = "+70000"; }},
      {"spec.blocks[1].ports", "not in spec.ports",
       [](PortRangeSpec& spec) { spec.blocks[1].ports = {"+100"}; }},
      {"spec.blocks[1].name", "vpn", [](PortRangeSpec& spec) { spec.blocks[1].name = "vpn"; }},
      {"spec.blocks[0].name", "write a name", [](PortRangeSpec& spec) { spec.blocks[0].name = ""; }},
      {"spec.reserved[0].ports[0]", "x", [](PortRangeSpec& spec) { spec.reserved[0].ports = {"x"}; }},
      {"spec.reserved[0].ports", "not in", [](PortRangeSpec& spec) { spec.reserved[0].ports = {"80"}; }},
      {"spec.limits.perNamespace", "-1", [](PortRangeSpec& spec) { spec.limits.per_namespace = -1; }},
      {"spec.order", "Random", [](PortRangeSpec& spec) { spec.order = "Random"; }},
      {"spec.reuseAfter", "soon", [](PortRangeSpec& spec) { spec.reuse_after = "soon"; }},
      {"spec.reuseAfter", "25h", [](PortRangeSpec& spec) { spec.reuse_after = "25h"; }},
      {"spec.perNode", "host ports", [](PortRangeSpec& spec) { spec.per_node = true; }},
      {"spec.undeclared", "Report or Deny", [](PortRangeSpec& spec) { spec.undeclared = "Allow"; }},
  };
  for (const Case& c : cases) {
    PortRange range = mesh();
    c.spoil(range.spec);
    const auto compiled = compile(range);
    ASSERT_FALSE(compiled.ok()) << c.field << " " << c.value;
    EXPECT_EQ(compiled.error().field, c.field);
    EXPECT_NE(compiled.error().message.find(c.value), std::string::npos) << compiled.error().message;
  }
}

std::string names(const std::vector<Source>& sources) {
  std::string text;
  for (const Source& source : sources) {
    text += source.range->name + (source.block == nullptr ? "" : "/" + source.block->name) + " ";
  }
  return text;
}

TEST(Ranges, OfferSourcesByNameOrPurpose) {
  PortRange other = testing::range("alpha", "NodePort", {"30000-30009"});
  other.spec.blocks = {{"b", {"30000"}, "mesh", ""}};
  PortRange web = testing::range("web", "Service", {"443"});
  web.spec.purpose = "mesh";
  PortRange broken = testing::range("broken", "NodePort", {"x"});
  const PortRange first = mesh();
  const Ranges ranges({&web, &first, &broken, &other});
  EXPECT_EQ(ranges.unusable().count("broken"), 1U);
  struct Case {
    const char* name;
    const char* purpose;
    const char* expected;
  };
  for (const Case& c : {Case{"mesh", "", "mesh "}, Case{"nothing", "", ""}, Case{"broken", "", ""},
                        // whole ranges first; the Service range is of another space than the first source
                        Case{"", "mesh", "mesh alpha/b "}, Case{"", "vpn-core", "mesh/vpn "},
                        Case{"", "", ""}, Case{"", "none", ""}}) {
    PortAllocationSpec spec;
    spec.range_name = c.name;
    spec.purpose = c.purpose;
    EXPECT_EQ(names(ranges.sources(spec)), c.expected) << c.name << "|" << c.purpose;
  }
}

TEST(Ranges, KnowWhoReservesANumber) {
  const PortRange first = mesh();
  const Ranges ranges({&first});
  ASSERT_NE(ranges.reserving(Space::kNodePort, Port::of(24570)), nullptr);
  EXPECT_EQ(ranges.reserving(Space::kService, Port::of(24570)), nullptr);
  EXPECT_EQ(ranges.reserving(Space::kNodePort, Port::of(24571)), nullptr);
}

}  // namespace
}  // namespace berth::allocation
