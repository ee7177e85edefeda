#include "kube/adapters/table.h"

#include <gtest/gtest.h>

namespace berth::adapters {
namespace {

std::string with(const std::string& entry) { return "version: 1\nadapters:\n  - {" + entry + "}\n"; }

std::string named(const std::string& rest, const std::string& kind = "Thing") {
  return with("group: example.org, kind: " + kind + ", plural: things, versions: [v1], " + rest);
}

TEST(Table, ReadsWhatAKindLeadsTo) {
  const auto table = Table::parse(named(
      R"(via: Gateway, leadsTo: [{each: "spec.rules[]", when: {.kind: [A, B]}, service: .name, namespace: .ns,
         port: .port, shown: 9000, protocol: UDP, endsTLS: true, host: .host}])"));
  ASSERT_TRUE(table.ok()) << table.error().field << ": " << table.error().message;
  const Adapter* adapter = table->find("example.org", "Thing");
  ASSERT_NE(adapter, nullptr);
  ASSERT_EQ(adapter->leads.size(), 1U);
  const Lead& lead = adapter->leads.front();
  EXPECT_EQ(lead.each->text(), "spec.rules[]");
  EXPECT_EQ(lead.when.front().values, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(lead.named_by, NamedBy::kService);
  EXPECT_EQ(std::get<Path>(lead.port).text(), ".port");
  EXPECT_EQ(std::get<std::int64_t>(lead.shown), 9000);
  EXPECT_EQ(lead.protocol, Protocol::kUdp);
  EXPECT_EQ(lead.via, Via::kGateway);
  EXPECT_TRUE(lead.ends_tls);
  EXPECT_EQ(table->find("example.org", "Other"), nullptr);
  EXPECT_EQ(table->find("other.org", "Thing"), nullptr);
}

TEST(Table, TakesClusterScopedKindsThatSayInWhichNamespaceTheyLead) {
  const auto table = Table::parse(named(
      "scope: Cluster, via: Connect, internalOnly: true, leadsTo: [{service: spec.a, namespace: spec.b}]"));
  ASSERT_TRUE(table.ok()) << table.error().field << ": " << table.error().message;
  const Adapter& adapter = table->all().front();
  EXPECT_TRUE(adapter.cluster_scoped);
  EXPECT_TRUE(adapter.internal_only);
  EXPECT_EQ(adapter.leads.front().via, Via::kConnect);
}

TEST(Table, TakesSetsOfNetworksThatPoliciesSelect) {
  const auto table = Table::parse(named("scope: Cluster, networks: \"spec.nets[]\", selectedBy: Cilium"));
  ASSERT_TRUE(table.ok()) << table.error().field << ": " << table.error().message;
  const Adapter& adapter = table->all().front();
  EXPECT_EQ(adapter.networks->text(), "spec.nets[]");
  EXPECT_EQ(adapter.selected_by, PolicyOf::kCilium);
  EXPECT_EQ(adapter.policy_of, PolicyOf::kNobody);
  EXPECT_TRUE(adapter.cluster_scoped);
}

TEST(Table, NamesAKindByItsGroupWhereOneBeforeHasTheSameName) {
  const auto table = Table::parse(
      "version: 1\nadapters:\n"
      "  - {group: a.org, kind: Thing, plural: things, versions: [v1], podTemplates: [spec.template]}\n"
      "  - {group: b.org, kind: Thing, plural: things, versions: [v1], podTemplates: [spec.template]}\n"
      "  - {group: b.org, kind: Other, plural: others, versions: [v1], podTemplates: [spec.template]}\n"
      "  - {group: b.org, kind: Service, plural: services, versions: [v1], podTemplates: [spec.template]}\n");
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->find("a.org", "Thing")->shown_kind, "Thing");
  EXPECT_EQ(table->find("b.org", "Thing")->shown_kind, "Thing.b.org");
  EXPECT_EQ(table->find("b.org", "Other")->shown_kind, "Other");
  EXPECT_EQ(table->find("b.org", "Service")->shown_kind, "Service.b.org");
}

TEST(Table, GivesWayToTheEntryOfAnother) {
  const auto own = Table::parse(named("podTemplates: [spec.template]"));
  const auto more = Table::parse(named("podTemplates: [spec.pod]"));
  ASSERT_TRUE(own.ok() && more.ok());
  const Table both = own->joined(*more);
  ASSERT_EQ(both.all().size(), 1U);
  EXPECT_EQ(both.all().front().pod_templates.front().text(), "spec.pod");
  EXPECT_EQ(builtin().joined(*more).all().size(), builtin().all().size() + 1);
}

struct Wrong {
  std::string yaml;
  std::string field;
  std::string why;
};

TEST(Table, IsRefusedWithTheFieldAndWhatWouldBeRight) {
  const Wrong wrongs[] = {
      {"- a", "", "a table of adapters is a mapping"},
      {"adapters: []", "version", "is needed"},
      {"version: 2", "version", "this Berth reads version 1"},
      {"version: 1\nadapter: []", "adapter", "known are version, adapters"},
      {"version: 1\nadapters: {a: b}", "adapters", "must be a list"},
      {"version: 1\nadapters: [x]", "adapters[0]", "must be a mapping"},
      {with("kind: X"), "adapters[0].group", "is needed"},
      {with("group: apps, kind: X, plural: x, versions: [v1], podTemplates: [spec.template]"),
       "adapters[0].group", "Berth reads the kinds of 'apps' itself"},
      {with("group: a.org, kind: X, plural: x, podTemplates: [spec.template]"), "adapters[0].versions",
       "the newest first"},
      {named("leadsTo: []"), "adapters[0]", "needs leadsTo, podTemplates"},
      {named("podTemplates: [spec.t], leadsTo: [{service: spec.a}]"), "adapters[0]", "one of them"},
      {named("podTemplates: [.template]"), "adapters[0].podTemplates", "is no path to a pod template"},
      {named("podTemplate: [spec.t]"), "adapters[0].podTemplate", "is not known"},
      {named("via: Outside, leadsTo: [{service: spec.a}]"), "adapters[0].via", "'Outside' is not one of"},
      {named("leadsTo: [{}]"), "adapters[0].leadsTo[0]", "names neither a Service"},
      {named("leadsTo: [{service: spec.a, address: spec.b}]"), "adapters[0].leadsTo[0]", "write one"},
      {named("leadsTo: [{service: name}]"), "adapters[0].leadsTo[0].service", "is no path"},
      {named("leadsTo: [{service: .name}]"), "adapters[0].leadsTo[0]", "there is no `each`"},
      {named("leadsTo: [{each: \".x[]\", service: .name}]"), "adapters[0].leadsTo[0].each",
       "write it from spec on"},
      {named("leadsTo: [{service: spec.a, port: 70000}]"), "adapters[0].leadsTo[0].port",
       "a number from 1 to 65535"},
      {named("leadsTo: [{service: spec.a, port: 80x}]"), "adapters[0].leadsTo[0].port",
       "a number from 1 to 65535"},
      {named("leadsTo: [{service: spec.a, port: 80, portIs: Every}]"), "adapters[0].leadsTo[0].portIs",
       "leave `port` out"},
      {named("leadsTo: [{service: spec.a, portIs: Number}]"), "adapters[0].leadsTo[0].portIs",
       "is not one of ServicePort, TargetPort, Every, Listener"},
      {named("networks: \"spec.nets[]\""), "adapters[0].selectedBy", "belong together"},
      {named("selectedBy: Calico, podTemplates: [spec.t]"), "adapters[0].networks", "belong together"},
      {named("networks: \".nets[]\", selectedBy: Calico"), "adapters[0].networks", "write it from spec on"},
      {named("networks: spec.nets, selectedBy: Flannel"), "adapters[0].selectedBy", "is not one of Cilium"},
      {named("networks: spec.nets, selectedBy: Calico, podTemplates: [spec.t]"), "adapters[0]",
       "one of them"},
      {named("advertises: [{}], podTemplates: [spec.t]"), "adapters[0]", "one of them"},
      {named("advertises: [{network: .cidr}]"), "adapters[0].advertises[0]", "there is no `each`"},
      {named("advertises: [{networks: spec.x}]"), "adapters[0].advertises[0].networks", "is not known"},
      {named("endpoints: [{host: spec.h}]"), "adapters[0].endpoints[0].port", "needs the port"},
      {named("endpoints: [{when: {spec.x: [y]}, port: 80}]"), "adapters[0].endpoints[0].port",
       "is for `host` or `labels`"},
      {named("endpoints: [{}]"), "adapters[0].endpoints[0]", "needs host or labels"},
      {named("endpoints: [{host: spec.h, labels: spec.l, port: 80}]"), "adapters[0].endpoints[0]",
       "write one"},
      {named("endpoints: [{host: .h, port: 80}]"), "adapters[0].endpoints[0]", "there is no `each`"},
      {named("endpoints: [{host: spec.h, port: .p}]"), "adapters[0].endpoints[0]", "there is no `each`"},
      {named("endpoints: [{hosts: spec.h}]"), "adapters[0].endpoints[0].hosts", "is not known"},
      {named("endpoints: [{host: spec.h, port: 80}], podTemplates: [spec.t]"), "adapters[0]", "one of them"},
      {with("group: gateway.networking.x-k8s.io, kind: XListenerSet, plural: x, versions: [v1], "
            "podTemplates: [spec.t]"),
       "adapters[0].group", "Berth reads the kinds of 'gateway.networking.x-k8s.io' itself"},
      {named("scope: Cluster, podTemplates: [spec.t]"), "adapters[0].scope", "makes pods is namespaced"},
      {named("scope: Cluster, leadsTo: [{service: spec.a}]"), "adapters[0].leadsTo[0]",
       "needs `service` and `namespace`"},
      {named("scope: Cluster, leadsTo: [{dnsName: spec.a, namespace: spec.b}]"), "adapters[0].leadsTo[0]",
       "needs `service` and `namespace`"},
      {named("internalOnly: yes, leadsTo: [{service: spec.a}]"), "adapters[0].internalOnly",
       "is not one of true, false"},
      {named("internalOnly: true, podTemplates: [spec.t]"), "adapters[0].internalOnly",
       "is for kinds with leadsTo"},
      {named("scope: Global, advertises: [{}]"), "adapters[0].scope", "is not one of Namespaced, Cluster"},
      {named("leadsTo: [{service: spec.a, protocol: tcp}]"), "adapters[0].leadsTo[0].protocol",
       "is not one of TCP, UDP, SCTP"},
      {named("leadsTo: [{service: spec.a, endsTLS: yes}]"), "adapters[0].leadsTo[0].endsTLS",
       "is not one of true, false"},
      {named("leadsTo: [{service: spec.a, when: {x: [y]}}]"), "adapters[0].leadsTo[0].when", "is no path"},
      {named("leadsTo: [{service: spec.a, when: {spec.x: []}}]"), "adapters[0].leadsTo[0].when.spec.x",
       "needs a list of values"},
  };
  for (const Wrong& wrong : wrongs) {
    const auto table = Table::parse(wrong.yaml);
    ASSERT_FALSE(table.ok()) << wrong.yaml;
    EXPECT_EQ(table.error().field, wrong.field) << table.error().message;
    EXPECT_NE(table.error().message.find(wrong.why), std::string::npos) << table.error().message;
  }
}

TEST(Table, RefusesAKindThatStandsTwice) {
  const std::string entry =
      "  - {group: a.org, kind: X, plural: xs, versions: [v1], podTemplates: [spec.t]}\n";
  const auto table = Table::parse("version: 1\nadapters:\n" + entry + entry);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().field, "adapters[1].kind");
}

}  // namespace
}  // namespace berth::adapters
