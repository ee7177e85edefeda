#include "operator/patch.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "kube/testing/builders.h"

namespace berth::controller {
namespace {

constexpr char kPreconditions[] = R"("resourceVersion":"17","uid":"u-1")";

std::string patch_of(std::vector<desired::Edit> edits, ObjectKind kind = ObjectKind::kService) {
  return patch_text({kind, {"mesh", "api"}, Uid{"u-1"}, "17", std::move(edits)});
}

// The whole text around `spec` or around more metadata.
std::string with_spec(const std::string& spec) {
  return std::string("{\"metadata\":{") + kPreconditions + "},\"spec\":{" + spec + "}}";
}

struct Case {
  const char* name;
  desired::Edit edit;
  std::string text;
};

ServicePort port(std::string name, std::int64_t number, std::int64_t node_port, Protocol protocol) {
  return testing::make_service_port(number, std::int64_t{8080}, node_port, std::move(name), protocol);
}

NetworkPolicyRule rule(std::string cidr, std::int64_t number) {
  NetworkPolicyPeer peer;
  peer.cidr = std::move(cidr);
  return {{peer}, {{Protocol::kTcp, number, 0}}};
}

std::vector<Case> metadata_cases() {
  const OwnerReference owner = testing::make_owner(kApiVersion, "PortAllocation", "api", Uid{"u-9"});
  return {
      {"a label is set", desired::LabelEdit{"a.b/c", "1"},
       R"({"metadata":{"labels":{"a.b/c":"1"},"resourceVersion":"17","uid":"u-1"}})"},
      {"a label is removed", desired::LabelEdit{"a.b/c", std::nullopt},
       R"({"metadata":{"labels":{"a.b/c":null},"resourceVersion":"17","uid":"u-1"}})"},
      {"an empty label is a value", desired::LabelEdit{"a", ""},
       R"({"metadata":{"labels":{"a":""},"resourceVersion":"17","uid":"u-1"}})"},
      {"an annotation is set", desired::AnnotationEdit{"k", "say \"so\""},
       R"({"metadata":{"annotations":{"k":"say \"so\""},"resourceVersion":"17","uid":"u-1"}})"},
      {"an annotation is removed", desired::AnnotationEdit{"k", std::nullopt},
       R"({"metadata":{"annotations":{"k":null},"resourceVersion":"17","uid":"u-1"}})"},
      {"owner references are one list", desired::OwnerReferencesEdit{{owner}},
       std::string(R"({"metadata":{"ownerReferences":[{"apiVersion":"berth.dev/v1alpha1",)") +
           R"("kind":"PortAllocation","name":"api","uid":"u-9","controller":true,)" +
           R"("blockOwnerDeletion":true}],"resourceVersion":"17","uid":"u-1"}})"},
  };
}

std::vector<Case> service_cases() {
  return {
      {"type", desired::TypeEdit{"NodePort"}, with_spec(R"("type":"NodePort")")},
      {"ports are one list and a nodePort of 0 is left out",
       desired::PortsEdit{{port("api", 30500, 30500, Protocol::kTcp), port("dns", 53, 0, Protocol::kUdp)}},
       with_spec(R"("ports":[{"name":"api","protocol":"TCP","port":30500,"targetPort":8080,)"
                 R"("nodePort":30500},{"name":"dns","protocol":"UDP","port":53,"targetPort":8080}])")},
      {"a key of the selector is set", desired::SelectorEdit{"app", "api"},
       with_spec(R"("selector":{"app":"api"})")},
      {"a key of the selector is removed", desired::SelectorEdit{"tier", std::nullopt},
       with_spec(R"("selector":{"tier":null})")},
      {"traffic policy", desired::ExternalTrafficPolicyEdit{"Local"},
       with_spec(R"("externalTrafficPolicy":"Local")")},
      {"no traffic policy", desired::ExternalTrafficPolicyEdit{std::nullopt},
       with_spec(R"("externalTrafficPolicy":null)")},
      {"node ports of a load balancer are a boolean", desired::AllocateNodePortsEdit{false},
       with_spec(R"("allocateLoadBalancerNodePorts":false)")},
      {"node ports of a load balancer by default", desired::AllocateNodePortsEdit{std::nullopt},
       with_spec(R"("allocateLoadBalancerNodePorts":null)")},
      {"class", desired::LoadBalancerClassEdit{"example.com/lb"},
       with_spec(R"("loadBalancerClass":"example.com/lb")")},
      {"source ranges are one list", desired::SourceRangesEdit{{"10.0.0.0/8", "192.0.2.0/24"}},
       with_spec(R"("loadBalancerSourceRanges":["10.0.0.0/8","192.0.2.0/24"])")},
      {"no source range is none, not an empty list", desired::SourceRangesEdit{},
       with_spec(R"("loadBalancerSourceRanges":null)")},
      {"external addresses go", desired::ExternalIpsEdit{}, with_spec(R"("externalIPs":null)")},
  };
}

std::vector<Case> policy_cases() {
  desired::PodSelectorEdit narrowed;
  narrowed.all.match_labels = {{"app", "api"}};
  narrowed.removed_labels = {"tier"};
  desired::PodSelectorEdit expressed;
  expressed.all.match_expressions = {{"app", "In", {"a", "b"}}};
  return {
      {"a pod selector names the keys that go and takes foreign expressions away", narrowed,
       with_spec(R"("podSelector":{"matchExpressions":null,"matchLabels":{"app":"api","tier":null}})")},
      {"expressions are one list", expressed,
       with_spec(R"("podSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["a","b"]}]})")},
      {"policy types are one list", desired::PolicyTypesEdit{{"Ingress"}},
       with_spec(R"("policyTypes":["Ingress"])")},
      {"rules in name where traffic comes from", desired::IngressEdit{{rule("10.0.0.0/8", 8080)}},
       with_spec(R"("ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"}}],)"
                 R"("ports":[{"protocol":"TCP","port":8080}]}])")},
      {"no rule in is none: closed", desired::IngressEdit{}, with_spec(R"("ingress":null)")},
      {"rules out name where traffic goes to", desired::EgressEdit{{rule("192.0.2.0/24", 443)}},
       with_spec(R"("egress":[{"to":[{"ipBlock":{"cidr":"192.0.2.0/24"}}],)"
                 R"("ports":[{"protocol":"TCP","port":443}]}])")},
      {"no rule out is none: closed", desired::EgressEdit{}, with_spec(R"("egress":null)")},
  };
}

TEST(Patch, WritesEveryEditOfMetadata) {
  for (const Case& each : metadata_cases()) EXPECT_EQ(patch_of({each.edit}), each.text) << each.name;
}

TEST(Patch, WritesEveryEditOfAService) {
  for (const Case& each : service_cases()) EXPECT_EQ(patch_of({each.edit}), each.text) << each.name;
}

TEST(Patch, WritesEveryEditOfANetworkPolicy) {
  for (const Case& each : policy_cases()) {
    EXPECT_EQ(patch_of({each.edit}, ObjectKind::kNetworkPolicy), each.text) << each.name;
  }
}

std::vector<Case> config_map_cases() {
  return {
      {"a number that is told", desired::DataEdit{"API_PORT", "24511"},
       R"({"data":{"API_PORT":"24511"},"metadata":{"resourceVersion":"17","uid":"u-1"}})"},
      {"one that is not told any more", desired::DataEdit{"API_PORT", std::nullopt},
       R"({"data":{"API_PORT":null},"metadata":{"resourceVersion":"17","uid":"u-1"}})"},
  };
}

TEST(Patch, WritesEveryEditOfAConfigMap) {
  for (const Case& each : config_map_cases()) {
    EXPECT_EQ(patch_of({each.edit}, ObjectKind::kConfigMap), each.text) << each.name;
  }
}

TEST(Patch, HasACaseForEveryKindOfEdit) {
  std::vector<bool> seen(std::variant_size_v<desired::Edit>, false);
  for (const auto& cases : {metadata_cases(), service_cases(), policy_cases(), config_map_cases()}) {
    for (const Case& each : cases) seen[each.edit.index()] = true;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "alternative " << i;
}

TEST(Patch, PutsEditsTogetherUnderOnePrecondition) {
  EXPECT_EQ(patch_of({desired::LabelEdit{"a", "1"}, desired::LabelEdit{"b", std::nullopt},
                      desired::TypeEdit{"ClusterIP"}, desired::SelectorEdit{"app", "api"}}),
            R"({"metadata":{"labels":{"a":"1","b":null},"resourceVersion":"17","uid":"u-1"},)"
            R"("spec":{"selector":{"app":"api"},"type":"ClusterIP"}})");
}

}  // namespace
}  // namespace berth::controller
