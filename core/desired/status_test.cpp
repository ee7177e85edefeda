#include "core/desired/status.h"

#include <gtest/gtest.h>

#include "core/allocation/builders_for_test.h"

namespace berth::desired {
namespace {

using testing::allocation;
using testing::port;

constexpr Instant kNow{1'763'800'000'000};

AllocationFindings held() {
  AllocationFindings findings;
  findings.numbers = {{.slot = {"api", Protocol::kTcp}, .number = Port::of(24511), .key = {Port::of(24511)}},
                      {.slot = {"wg", Protocol::kUdp}, .number = Port::of(24510), .key = {Port::of(24510)}}};
  for (auto& holding : findings.numbers) holding.range = "mesh";
  findings.complete = true;
  findings.service_name = "web";
  return findings;
}

PortAllocation web() { return allocation("web", {port("api"), port("wg", 0, Protocol::kUdp)}); }

// "Allocated=True/NumbersHeld ..."
std::string text(const std::vector<Condition>& conditions) {
  std::string result;
  for (const Condition& condition : conditions) {
    result += condition.type + "=" + condition.status + "/" + condition.reason + " ";
  }
  return result;
}

TEST(AllocationStatus, TellsTheNumbersInOneLine) {
  const PortAllocationStatus status = make_allocation_status(web(), held(), kNow);
  EXPECT_EQ(status.summary, "api:24511/TCP wg:24510/UDP");
  EXPECT_EQ(status.range_name, "mesh");
  EXPECT_EQ(status.service_name, "web");
  EXPECT_EQ(status.observed_generation, 1);
  ASSERT_EQ(status.ports.size(), 2U);
  EXPECT_EQ(status.ports[1], (AllocatedPort{"wg", 24510, Protocol::kUdp, std::int64_t{8080}}));
}

TEST(AllocationStatus, SaysWhatFailsAndWhetherWaitingHelps) {
  struct Case {
    const char* name;
    void (*change)(AllocationFindings&);
    const char* expected;
  };
  const Case cases[] = {
      {"all well", [](AllocationFindings&) {},
       "Allocated=True/NumbersHeld Published=True/ServiceInPlace Enforced=True/PoliciesInPlace "
       "Ready=True/Ready "
       "Reconciling=False/Ready Stalled=False/Ready "},
      {"waiting for numbers",
       [](AllocationFindings& f) {
         f.numbers.clear();
         f.complete = false;
         f.refusal = allocation::Refusal{{}, {}, allocation::RefusalReason::kRangeExhausted, "", "full"};
       },
       "Allocated=False/RangeExhausted Published=False/NotAllocated Enforced=False/NotAllocated "
       "Ready=False/RangeExhausted Reconciling=True/RangeExhausted Stalled=False/RangeExhausted "},
      {"needing an edit",
       [](AllocationFindings& f) {
         f.numbers.clear();
         f.complete = false;
         f.refusal = allocation::Refusal{{}, {}, allocation::RefusalReason::kPortReserved, "", "kept"};
       },
       "Allocated=False/PortReserved Published=False/NotAllocated Enforced=False/NotAllocated "
       "Ready=False/PortReserved Reconciling=False/PortReserved Stalled=True/PortReserved "},
      {"not asked yet",
       [](AllocationFindings& f) {
         f.numbers.clear();
         f.complete = false;
       },
       "Allocated=False/Pending Published=False/NotAllocated Enforced=False/NotAllocated Ready=False/Pending "
       "Reconciling=True/Pending Stalled=False/Pending "},
      {"not published",
       [](AllocationFindings& f) {
         f.publication = Problem{"NameTaken", "taken", false};
       },
       "Allocated=True/NumbersHeld Published=False/NameTaken Enforced=True/PoliciesInPlace "
       "Ready=False/NameTaken "
       "Reconciling=True/NameTaken Stalled=False/NameTaken "},
      {"not enforced",
       [](AllocationFindings& f) {
         f.enforcement = {{"TargetPortUnresolved", "a", false}, {"NotEnforceable", "b", true}};
       },
       "Allocated=True/NumbersHeld Published=True/ServiceInPlace Enforced=False/TargetPortUnresolved "
       "Ready=False/TargetPortUnresolved Reconciling=False/TargetPortUnresolved "
       "Stalled=True/TargetPortUnresolved "},
      {"nothing to publish", [](AllocationFindings& f) { f.service_name.clear(); },
       "Allocated=True/NumbersHeld Published=True/NothingToPublish Enforced=True/PoliciesInPlace "
       "Ready=True/Ready "
       "Reconciling=False/Ready Stalled=False/Ready "},
      {"host ports",
       [](AllocationFindings& f) {
         f.host_ports = HostPublication{true, "HostPort", ""};
       },
       "Allocated=True/NumbersHeld Published=True/HostPort Enforced=True/PoliciesInPlace Ready=True/Ready "
       "Reconciling=False/Ready Stalled=False/Ready "},
      {"a pod without its host port",
       [](AllocationFindings& f) {
         f.host_ports = HostPublication{false, "HostPortMissing", ""};
       },
       "Allocated=True/NumbersHeld Published=False/HostPortMissing Enforced=True/PoliciesInPlace "
       "Ready=False/HostPortMissing Reconciling=True/HostPortMissing Stalled=False/HostPortMissing "},
  };
  for (const Case& c : cases) {
    AllocationFindings findings = held();
    c.change(findings);
    EXPECT_EQ(text(make_allocation_status(web(), findings, kNow).conditions), c.expected) << c.name;
  }
}

TEST(AllocationStatus, IsEqualWhenNothingChanged) {
  PortAllocation object = web();
  object.status = make_allocation_status(object, held(), kNow);
  EXPECT_EQ(make_allocation_status(object, held(), {kNow.milliseconds + 5'000'000}), object.status);
}

TEST(AllocationStatus, SaysWhatStaysWhileAnEditWaits) {
  AllocationFindings findings = held();
  findings.complete = false;
  findings.refusal = allocation::Refusal{{}, {}, allocation::RefusalReason::kPortTaken, "", "taken by x"};
  const auto status = make_allocation_status(web(), findings, kNow);
  EXPECT_EQ(status.conditions[0].message, "taken by x; until then api:24511/TCP wg:24510/UDP stays");
}

TEST(Summary, FitsItsField) {
  std::vector<std::string> texts(32, "a-fifteen-chars:65535/SCTP");
  EXPECT_LE(make_summary(texts).size(), 1024U);
  texts.resize(64, texts[0]);
  EXPECT_LE(make_summary(texts).size(), 1024U);
  EXPECT_TRUE(make_summary(texts).ends_with(" ..."));
  EXPECT_EQ(make_summary({}), "");
}

PortRange mesh() { return testing::range("mesh", "NodePort", {"24500-24599"}); }

RangeFindings usage(const allocation::CompiledRange& compiled, std::int64_t allocated,
                    std::int64_t reserved = 0) {
  RangeFindings findings;
  findings.compiled = &compiled;
  findings.usage.capacity = 100;
  findings.usage.allocated = allocated;
  findings.usage.reserved = reserved;
  findings.usage.available = 100 - allocated - reserved;
  return findings;
}

TEST(RangeStatus, WarnsAtFourFifthsAndAtTheEnd) {
  const auto compiled = allocation::compile(mesh()).value();
  struct Case {
    std::int64_t allocated;
    std::int64_t reserved;
    const char* near;
    const char* exhausted;
  };
  for (const Case& c :
       {Case{0, 0, "False", "False"}, Case{79, 0, "False", "False"}, Case{80, 0, "True", "False"},
        Case{99, 0, "True", "False"}, Case{100, 0, "True", "True"},
        Case{39, 50, "False", "False"},  // of what may be handed out
        Case{40, 50, "True", "False"},
        Case{0, 100, "False", "False"}}) {  // all reserved: nothing was meant to be handed out
    const auto status = make_range_status(mesh(), usage(compiled, c.allocated, c.reserved), kNow);
    EXPECT_EQ(find_condition(status.conditions, "NearExhaustion")->status, c.near) << c.allocated;
    EXPECT_EQ(find_condition(status.conditions, "Exhausted")->status, c.exhausted) << c.allocated;
    EXPECT_EQ(find_condition(status.conditions, "Ready")->status, "True");
    EXPECT_EQ(status.allocated, c.allocated);
    EXPECT_EQ(status.reserved, c.reserved);
  }
}

TEST(RangeStatus, TellsOfOverlapShrinkAndTheApiServersRange) {
  const auto compiled = allocation::compile(mesh()).value();
  RangeFindings findings = usage(compiled, 1);
  findings.overlapping = {"older"};
  findings.usage.draining = 1;
  const auto owner = allocation("web", {});
  findings.usage.draining_sample = {
      {allocation::Space::kNodePort, {Port::of(24700)}, testing::entry(owner, "p", 1)}};
  findings.node_ports = PortSpan{Port::of(30000), Port::of(32767)};
  const auto status = make_range_status(mesh(), findings, kNow);
  EXPECT_NE(find_condition(status.conditions, "Overlapping")->message.find("older"), std::string::npos);
  EXPECT_NE(find_condition(status.conditions, "ShrinkPending")->message.find("24700 of mesh/web"),
            std::string::npos);
  EXPECT_EQ(find_condition(status.conditions, "OutsideNodePortRange")->status, "True");
  findings.node_ports = PortSpan{Port::of(24000), Port::of(32767)};
  EXPECT_EQ(
      find_condition(make_range_status(mesh(), findings, kNow).conditions, "OutsideNodePortRange")->status,
      "False");
}

TEST(RangeStatus, SaysWhyARangeIsNotUsed) {
  PortRange broken = mesh();
  broken.spec.order = "Any";
  const auto error = allocation::compile(broken);
  RangeFindings findings;
  findings.error = &error.error();
  auto status = make_range_status(broken, findings, kNow);
  EXPECT_EQ(status.conditions[0].reason, "InvalidSpec");
  EXPECT_NE(status.conditions[0].message.find("spec.order"), std::string::npos);
  EXPECT_EQ(find_condition(status.conditions, "Stalled")->status, "True");

  auto compiled = allocation::compile(mesh()).value();
  findings = usage(compiled, 0);
  findings.frozen_shards = {"nodeport-095"};
  EXPECT_EQ(make_range_status(mesh(), findings, kNow).conditions[0].reason, "LedgerFrozen");
}

TEST(RangeStatus, TellsWhoUsesNumbersWithoutHoldingThem) {
  const auto compiled = allocation::compile(mesh()).value();
  RangeFindings findings = usage(compiled, 0);
  const auto told = [&] {
    return *find_condition(make_range_status(mesh(), findings, kNow).conditions, "UndeclaredUse");
  };
  EXPECT_EQ(told().status, "False");
  EXPECT_EQ(told().reason, "NothingUndeclared");
  findings.usage.undeclared = 1;
  findings.usage.undeclared_sample = {"24511 by Service data/web (nodePort)"};
  EXPECT_EQ(told().status, "True");
  EXPECT_EQ(told().reason, "UsedWithoutAllocation");
  EXPECT_EQ(told().message,
            "24511 by Service data/web (nodePort): without an allocation that holds it; ask for it with a "
            "PortAllocation, or use another number");
  findings.usage.undeclared = 7;
  EXPECT_NE(told().message.find(" and others, 7 in all:"), std::string::npos);
  const auto status = make_range_status(mesh(), findings, kNow);
  EXPECT_EQ(find_condition(status.conditions, "Ready")->status, "True") << "the range itself is well";
}

TEST(RangeStatus, NamesTheFullestNode) {
  const auto compiled = allocation::compile(mesh()).value();
  RangeFindings findings = usage(compiled, 0);
  findings.usage.node = "device-2";
  const auto status = make_range_status(mesh(), findings, kNow);
  EXPECT_NE(find_condition(status.conditions, "NearExhaustion")->message.find("on node device-2"),
            std::string::npos);
}

TEST(Turns, AreWhatAUserIsToldOfOnce) {
  const auto condition = [](const char* type, const char* status, const char* reason) {
    return Condition{type, status, 1, "", reason, ""};
  };
  const std::vector<Condition> well = {condition("Ready", "True", "InUse"),
                                       condition("Exhausted", "False", "EnoughLeft")};
  const std::vector<Condition> full = {condition("Ready", "True", "InUse"),
                                       condition("Exhausted", "True", "NoneLeft")};
  const std::vector<Condition> frozen = {condition("Ready", "False", "LedgerFrozen"), full[1],
                                         condition("Stalled", "True", "LedgerFrozen")};
  EXPECT_EQ(turns({}, well), (std::vector<Turn>{}));
  EXPECT_EQ(turns({}, full), (std::vector<Turn>{{full[1], true}}));
  EXPECT_EQ(turns(well, full), (std::vector<Turn>{{full[1], true}}));
  EXPECT_EQ(turns(full, full), (std::vector<Turn>{}));
  EXPECT_EQ(turns(full, well), (std::vector<Turn>{{well[1], false}}));
  EXPECT_EQ(turns(full, frozen), (std::vector<Turn>{{frozen[0], true}}));
  const std::vector<Condition> invalid = {condition("Ready", "False", "InvalidSpec")};
  EXPECT_EQ(turns(frozen, invalid), (std::vector<Turn>{{invalid[0], true}})) << "another reason is news";
}

TEST(RangeStatus, IsEqualWhenNothingChanged) {
  const auto compiled = allocation::compile(mesh()).value();
  PortRange range = mesh();
  range.status = make_range_status(range, usage(compiled, 3), kNow);
  EXPECT_EQ(make_range_status(range, usage(compiled, 3), {kNow.milliseconds + 1'000'000}), range.status);
}

TEST(Overlap, IsAboutNumbersOfOneSpace) {
  const PortRange a = mesh();
  const PortRange b = testing::range("b", "NodePort", {"24599-24600"});
  const PortRange c = testing::range("c", "NodePort", {"24600"});
  const PortRange d = testing::range("d", "Service", {"24500"});
  const allocation::Ranges ranges({&a, &b, &c, &d});
  EXPECT_EQ(overlapping_ranges(*ranges.find("mesh"), ranges), std::vector<std::string>{"b"});
  EXPECT_EQ(overlapping_ranges(*ranges.find("d"), ranges), std::vector<std::string>{});
}

}  // namespace
}  // namespace berth::desired
