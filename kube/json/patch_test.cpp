#include "kube/json/patch.h"

#include <gtest/gtest.h>

namespace berth::json {
namespace {

Meta present_meta() {
  Meta meta;
  meta.name = "api-gateway";
  meta.ns = "mesh";
  meta.uid = Uid{"7c1e"};
  meta.resource_version = "4711";
  return meta;
}

TEST(MergePatch, NamesOnlyWhatItTouches) {
  MergePatch patch;
  patch.only_if(present_meta())
      .set_label("app.kubernetes.io/managed-by", "berth")
      .remove_label("team")
      .set_annotation("a.b/c", "\"quoted\"")
      .remove_annotation("old")
      .set({"spec", "type"}, "NodePort")
      .set({"spec", "allocateLoadBalancerNodePorts"}, false)
      .set({"spec", "healthCheckNodePort"}, std::int64_t{0})
      .set({"spec", "loadBalancerSourceRanges"}, std::vector<std::string>{"10.0.0.0/8"})
      .remove({"spec", "externalIPs"});
  EXPECT_EQ(patch.text(),
            R"({"metadata":{"annotations":{"a.b/c":"\"quoted\"","old":null},)"
            R"("labels":{"app.kubernetes.io/managed-by":"berth","team":null},)"
            R"("resourceVersion":"4711","uid":"7c1e"},)"
            R"("spec":{"allocateLoadBalancerNodePorts":false,"externalIPs":null,"healthCheckNodePort":0,)"
            R"("loadBalancerSourceRanges":["10.0.0.0/8"],"type":"NodePort"}})");
}

TEST(MergePatch, KnowsWhenItHasNoEdit) {
  MergePatch patch;
  EXPECT_TRUE(patch.empty());
  EXPECT_EQ(patch.text(), "{}");
  patch.only_if(present_meta());
  EXPECT_TRUE(patch.empty());
  EXPECT_EQ(patch.text(), R"({"metadata":{"resourceVersion":"4711","uid":"7c1e"}})");
  patch.replace_map({"spec", "selector"}, {{"app", "a"}}, {{"app", "a"}});
  EXPECT_TRUE(patch.empty());
  patch.remove_label("x");
  EXPECT_FALSE(patch.empty());
}

TEST(MergePatch, LeavesOutAVersionThatIsNotKnown) {
  Meta meta = present_meta();
  meta.resource_version.clear();
  EXPECT_EQ(MergePatch().only_if(meta).text(), R"({"metadata":{"uid":"7c1e"}})");
}

TEST(MergePatch, TurnsOneMapIntoAnother) {
  MergePatch patch;
  patch.replace_map({"spec", "selector"}, {{"app", "old"}, {"same", "s"}, {"foreign", "x"}},
                    {{"app", "new"}, {"same", "s"}, {"added", "y"}});
  EXPECT_EQ(patch.text(), R"({"spec":{"selector":{"added":"y","app":"new","foreign":null}}})");
}

TEST(MergePatch, ReplacesPortsAsAWholeList) {
  ServicePort dns;
  dns.name = "dns";
  dns.protocol = Protocol::kUdp;
  dns.port = 53;
  dns.target_port = std::string("dns-udp");
  dns.node_port = 24553;
  ServicePort tcp = dns;
  tcp.name = "dns-tcp";
  tcp.protocol = Protocol::kTcp;
  tcp.target_port = std::int64_t{5353};
  tcp.node_port = 0;
  EXPECT_EQ(MergePatch().set_ports({dns, tcp}).text(),
            R"({"spec":{"ports":[{"name":"dns","protocol":"UDP","port":53,"targetPort":"dns-udp",)"
            R"("nodePort":24553},{"name":"dns-tcp","protocol":"TCP","port":53,"targetPort":5353}]}})");
  EXPECT_EQ(MergePatch().set_ports({}).text(), R"({"spec":{"ports":[]}})");
}

TEST(MergePatch, ReplacesTheSpecOfANetworkPolicy) {
  LabelSelector pods;
  pods.match_labels = {{"app", "phantom-node"}};
  NetworkPolicyRule in;
  in.peers.emplace_back().cidr = "10.20.0.0/16";
  in.peers.back().except = {"10.20.9.0/24"};
  in.peers.emplace_back().namespace_selector = LabelSelector{};
  in.ports.push_back({Protocol::kTcp, 8080, 8090});
  NetworkPolicyRule out;
  out.peers.emplace_back().pod_selector = LabelSelector{};
  MergePatch patch;
  patch.set_label_selector({"spec", "podSelector"}, pods)
      .remove({"spec", "podSelector", "matchLabels", "foreign"})
      .set({"spec", "policyTypes"}, std::vector<std::string>{"Ingress"})
      .set_ingress_rules({in})
      .set_egress_rules({out});
  EXPECT_EQ(patch.text(),
            R"({"spec":{"egress":[{"to":[{"podSelector":{}}]}],)"
            R"("ingress":[{"from":[{"ipBlock":{"cidr":"10.20.0.0/16","except":["10.20.9.0/24"]}},)"
            R"({"namespaceSelector":{}}],"ports":[{"protocol":"TCP","port":8080,"endPort":8090}]}],)"
            R"("podSelector":{"matchExpressions":null,)"
            R"("matchLabels":{"app":"phantom-node","foreign":null}},"policyTypes":["Ingress"]}})");
  EXPECT_EQ(MergePatch().set_ingress_rules({}).set_egress_rules({}).text(),
            R"({"spec":{"egress":null,"ingress":null}})");
  EXPECT_EQ(MergePatch().set_ingress_rules({NetworkPolicyRule{}}).text(), R"({"spec":{"ingress":[{}]}})");
}

TEST(MergePatch, WritesWholeLabelSelectors) {
  LabelSelector selector;
  selector.match_expressions = {{"tier", "In", {"web", "api"}}, {"legacy", "DoesNotExist", {}}};
  EXPECT_EQ(MergePatch().set_label_selector({"spec", "podSelector"}, selector).text(),
            R"({"spec":{"podSelector":{"matchExpressions":[)"
            R"({"key":"tier","operator":"In","values":["web","api"]},)"
            R"({"key":"legacy","operator":"DoesNotExist"}]}}})");
}

TEST(MergePatch, WritesOwnersThatHoldTheirDependents) {
  OwnerReference ours{"berth.dev/v1alpha1", "PortAllocation", "api-gateway", Uid{"u1"}, true};
  OwnerReference foreign{"v1", "ConfigMap", "other", Uid{"u2"}, false, true};
  EXPECT_EQ(
      MergePatch().set_owner_references({ours, foreign}).text(),
      R"({"metadata":{"ownerReferences":[{"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation",)"
      R"("name":"api-gateway","uid":"u1","controller":true,"blockOwnerDeletion":true},)"
      R"({"apiVersion":"v1","kind":"ConfigMap","name":"other","uid":"u2","blockOwnerDeletion":true}]}})");
}

TEST(MergePatch, LetsTheLaterEditWin) {
  EXPECT_EQ(MergePatch().set_label("a", "1").remove_label("a").text(),
            R"({"metadata":{"labels":{"a":null}}})");
  EXPECT_EQ(MergePatch().set_label("a", "1").remove({"metadata", "labels"}).text(),
            R"({"metadata":{"labels":null}})");
  EXPECT_EQ(MergePatch().remove({"metadata", "labels"}).set_label("a", "1").text(),
            R"({"metadata":{"labels":{"a":"1"}}})");
  EXPECT_EQ(MergePatch().set_json({"spec"}, R"({"x":[1]})").text(), R"({"spec":{"x":[1]}})");
}

}  // namespace
}  // namespace berth::json
