// NetworkPolicy, Lease, Event, Secret, ValidatingWebhookConfiguration, ValidatingAdmissionPolicy and its
// binding, and lists of anything.
#include <gtest/gtest.h>

#include "core/model/admission_policy.h"
#include "core/model/cluster_objects.h"
#include "core/model/config_map.h"
#include "core/model/network_policy.h"
#include "core/model/report.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/json/codec.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

TEST(NetworkPolicyCodec, KeepsEveryFieldOfTheModel) {
  NetworkPolicy p;
  p.meta.name = "api-ingress";
  p.meta.ns = "mesh";
  p.pod_selector.match_labels = {{"app", "api"}};
  p.policy_types = {"Ingress", "Egress"};
  NetworkPolicyRule in;
  in.peers.resize(3);
  in.peers[0].cidr = "0.0.0.0/0";
  in.peers[0].except = {"10.0.0.0/8"};
  in.peers[1].namespace_selector = LabelSelector{};
  in.peers[2].pod_selector = LabelSelector{{{"a", "b"}}, {}};
  in.ports = {{Protocol::kTcp, 8080, 8090}, {Protocol::kUdp, 0, 0}};
  p.ingress = {in, NetworkPolicyRule{}};
  NetworkPolicyRule out;
  out.peers.emplace_back().cidr = "203.0.113.7/32";
  out.ports = {{Protocol::kSctp, 443, 0}};
  p.egress = {out};
  expect_round_trip(
      R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy",)"
      R"("metadata":{"name":"api-ingress","namespace":"mesh"},"spec":{"podSelector":{"matchLabels":{"app":"api"}},)"
      R"("policyTypes":["Ingress","Egress"],"ingress":[{"from":[)"
      R"({"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8"]}},{"namespaceSelector":{}},)"
      R"({"podSelector":{"matchLabels":{"a":"b"}}}],)"
      R"("ports":[{"protocol":"TCP","port":8080,"endPort":8090},{"protocol":"UDP"}]},{}],)"
      R"("egress":[{"to":[{"ipBlock":{"cidr":"203.0.113.7/32"}}],"ports":[{"protocol":"SCTP","port":443}]}]}})",
      p);
}

TEST(NetworkPolicyCodec, AlwaysWritesWhomItSelectsAndInWhichDirections) {
  NetworkPolicy p;
  p.meta.name = "berth-default-deny-ingress";
  p.policy_types = {"Ingress"};
  EXPECT_EQ(encode(p), R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy",)"
                       R"("metadata":{"name":"berth-default-deny-ingress"},)"
                       R"("spec":{"podSelector":{},"policyTypes":["Ingress"]}})");
}

TEST(NetworkPolicyCodec, ReadsANamedPortOfSomebodyElseAsNoNumber) {
  const auto policy = decode<NetworkPolicy>(
      R"({"spec":{"podSelector":{},"ingress":[{"ports":[{"port":"https"},{"port":443}]}]}})");
  ASSERT_TRUE(policy.ok()) << policy.error().message;
  EXPECT_EQ(policy->ingress[0].ports[0].port, 0);
  EXPECT_EQ(policy->ingress[0].ports[1].port, 443);
}

TEST(LeaseCodec, KeepsEveryFieldOfTheModel) {
  Lease l;
  l.meta.name = "berth-operator";
  l.meta.ns = "berth-system";
  l.meta.resource_version = "12";
  l.holder = "pod-1_4f";
  l.duration_seconds = 15;
  l.acquire_time = "2026-11-21T08:00:00.123456Z";
  l.renew_time = "2026-11-21T08:00:05.000000Z";
  l.transitions = 3;
  expect_round_trip(
      R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"berth-operator",)"
      R"("namespace":"berth-system","resourceVersion":"12"},"spec":{"holderIdentity":"pod-1_4f",)"
      R"("leaseDurationSeconds":15,"acquireTime":"2026-11-21T08:00:00.123456Z",)"
      R"("renewTime":"2026-11-21T08:00:05.000000Z","leaseTransitions":3}})",
      l);
}

TEST(EventCodec, KeepsEveryFieldOfTheModel) {
  Event e;
  e.meta.generate_name = "api-gateway.";
  e.meta.ns = "mesh";
  e.event_time = "2026-11-21T08:00:00.000001Z";
  e.type = "Warning";
  e.reason = "RangeExhausted";
  e.action = "Allocate";
  e.note = "no number is free in mesh";
  e.reporting_controller = "berth.dev/operator";
  e.reporting_instance = "pod-1";
  e.regarding = {"berth.dev/v1alpha1", "PortAllocation", "mesh", "api-gateway", Uid{"u"}, "7"};
  expect_round_trip(
      R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"generateName":"api-gateway.",)"
      R"("namespace":"mesh"},"eventTime":"2026-11-21T08:00:00.000001Z","type":"Warning",)"
      R"("reason":"RangeExhausted","action":"Allocate","note":"no number is free in mesh",)"
      R"("reportingController":"berth.dev/operator","reportingInstance":"pod-1",)"
      R"("regarding":{"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation","namespace":"mesh",)"
      R"("name":"api-gateway","uid":"u","resourceVersion":"7"},"deprecatedCount":1})",
      e);
}

TEST(SecretCodec, HoldsBytesInTheModelAndBase64OnTheWire) {
  Secret s;
  s.meta.name = "berth-webhook-tls";
  s.type = "kubernetes.io/tls";
  s.data = {{"tls.crt", "-----BEGIN"}, {"raw", std::string("\x00\xFF\x80", 3)}, {"empty", ""}};
  expect_round_trip(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"berth-webhook-tls"},"type":"kubernetes.io/tls",)"
      R"("data":{"tls.crt":"LS0tLS1CRUdJTg==","raw":"AP+A","empty":""}})",
      s);
}

TEST(ConfigMapCodec, HoldsTextAndLeavesOutWhatIsEmpty) {
  ConfigMap c;
  c.meta.name = "numbers";
  c.data = {{"API_PORT", "24511"}, {"EMPTY", ""}};
  expect_round_trip(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"numbers"},)"
                    R"("data":{"API_PORT":"24511","EMPTY":""}})",
                    c);
  c.immutable = true;
  c.data.clear();
  expect_round_trip(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"numbers"},"immutable":true})", c);
}

TEST(SecretCodec, NeverShowsTheValueItRefuses) {
  const Error error = decode<Secret>(R"({"data":{"tls.key":"not base64!"}})").error();
  EXPECT_EQ(error.field, "data");
  EXPECT_EQ(error.message, "data: the value of tls.key is not base64 (RFC 4648 with padding)");
}

TEST(WebhookConfigurationCodec, KeepsEveryFieldOfTheModel) {
  ValidatingWebhookConfiguration c;
  c.meta.name = "berth-exposure";
  ValidatingWebhook w;
  w.name = "exposure.berth.dev";
  w.service = WebhookServiceReference{"berth-system", "berth-webhook", "/validate", 443};
  w.ca_bundle = "-----BEGIN";
  w.rules = {{{"CREATE", "UPDATE"}, {"", "apps"}, {"v1"}, {"services", "deployments"}, "Namespaced"}};
  w.failure_policy = "Fail";
  w.match_policy = "Equivalent";
  w.namespace_selector.match_expressions = {{"kubernetes.io/metadata.name", "NotIn", {"kube-system"}}};
  w.object_selector.match_expressions = {{"example.org/left-out", "DoesNotExist", {}}};
  w.match_conditions = {{"not-lease", "request.resource.resource != 'leases'"}};
  w.side_effects = "None";
  w.timeout_seconds = 3;
  w.admission_review_versions = {"v1"};
  ValidatingWebhook by_url;
  by_url.name = "b.berth.dev";
  by_url.url = "https://127.0.0.1:9443/validate";
  c.webhooks = {w, by_url};
  expect_round_trip(
      R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration",)"
      R"("metadata":{"name":"berth-exposure"},"webhooks":[{"name":"exposure.berth.dev","clientConfig":{)"
      R"("service":{"namespace":"berth-system","name":"berth-webhook","path":"/validate","port":443},)"
      R"("caBundle":"LS0tLS1CRUdJTg=="},"rules":[{"operations":["CREATE","UPDATE"],"apiGroups":["","apps"],)"
      R"("apiVersions":["v1"],"resources":["services","deployments"],"scope":"Namespaced"}],)"
      R"("failurePolicy":"Fail","matchPolicy":"Equivalent","objectSelector":{"matchExpressions":[)"
      R"({"key":"example.org/left-out","operator":"DoesNotExist"}]},"namespaceSelector":{)"
      R"("matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["kube-system"]}]},)"
      R"("matchConditions":[{"name":"not-lease","expression":"request.resource.resource != 'leases'"}],)"
      R"("sideEffects":"None","timeoutSeconds":3,"admissionReviewVersions":["v1"]},)"
      R"({"name":"b.berth.dev","clientConfig":{"url":"https://127.0.0.1:9443/validate"}}]})",
      c);
  EXPECT_EQ(decode<ValidatingWebhookConfiguration>(R"({"webhooks":[{"clientConfig":{"caBundle":"x"}}]})")
                .error()
                .message,
            "webhooks[0].clientConfig.caBundle: this is not base64 (RFC 4648 with padding)");
}

TEST(AdmissionPolicyCodec, KeepsEveryFieldByWhichItCouldBeMadeToLookAway) {
  ValidatingAdmissionPolicy p;
  p.meta.name = "control-plane.services.exposure.berth.dev";
  p.spec.param_kind = R"({"apiVersion":"v1","kind":"ConfigMap"})";
  p.spec.failure_policy = "Fail";
  AdmissionMatch& match = p.spec.match_constraints;
  match.namespace_selector.match_labels = {{"a", "b"}};
  match.object_selector.match_labels = {{"c", "d"}};
  match.resource_rules = {{{"CREATE"}, {""}, {"v1"}, {"services"}, {"web"}, "Namespaced"}};
  match.exclude_resource_rules = {{{"UPDATE"}, {""}, {"v1"}, {"services"}, {}, "*"}};
  match.match_policy = "Equivalent";
  p.spec.match_conditions = {{"always", "true"}};
  p.spec.variables = {{"ports", "object.spec.ports"}};
  p.spec.validations = {{"variables.ports.size() == 0", "no ports", "\"no \" + \"ports\"", "Forbidden"}};
  expect_round_trip(
      R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{)"
      R"("name":"control-plane.services.exposure.berth.dev"},"spec":{"paramKind":{"apiVersion":"v1",)"
      R"("kind":"ConfigMap"},"matchConstraints":{"namespaceSelector":{"matchLabels":{"a":"b"}},)"
      R"("objectSelector":{"matchLabels":{"c":"d"}},"resourceRules":[{"resourceNames":["web"],)"
      R"("operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["services"],)"
      R"("scope":"Namespaced"}],"excludeResourceRules":[{"operations":["UPDATE"],"apiGroups":[""],)"
      R"("apiVersions":["v1"],"resources":["services"],"scope":"*"}],"matchPolicy":"Equivalent"},)"
      R"("validations":[{"expression":"variables.ports.size() == 0","message":"no ports","reason":"Forbidden",)"
      R"("messageExpression":"\"no \" + \"ports\""}],"failurePolicy":"Fail","matchConditions":[{"name":"always",)"
      R"("expression":"true"}],"variables":[{"name":"ports","expression":"object.spec.ports"}]}})",
      p);
}

TEST(AdmissionPolicyCodec, TellsAClearedTypeCheckFromNone) {
  const auto read = [](const std::string& status) {
    return decode<ValidatingAdmissionPolicy>(R"({"metadata":{"name":"a"},"status":)" + status + "}")
        .value()
        .status;
  };
  EXPECT_EQ(read("{}").type_checking, std::nullopt);
  EXPECT_EQ(read(R"({"observedGeneration":2,"typeChecking":{}})"),
            (ValidatingAdmissionPolicyStatus{2, TypeChecking{}}));
  EXPECT_EQ(read(R"({"typeChecking":{"expressionWarnings":[{"fieldRef":"spec.validations[0].expression",)"
                 R"("warning":"undefined field"}]}})")
                .type_checking->expression_warnings,
            (std::vector<ExpressionWarning>{{"spec.validations[0].expression", "undefined field"}}));
}

TEST(AdmissionPolicyBindingCodec, KeepsEveryField) {
  ValidatingAdmissionPolicyBinding binding;
  binding.meta.name = "a";
  binding.policy_name = "a";
  binding.param_ref = R"({"name":"x"})";
  binding.match_resources.emplace().match_policy = "Equivalent";
  binding.validation_actions = {"Deny", "Audit"};
  expect_round_trip(
      R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{)"
      R"("name":"a"},"spec":{"policyName":"a","paramRef":{"name":"x"},"matchResources":{"matchPolicy":)"
      R"("Equivalent"},"validationActions":["Deny","Audit"]}})",
      binding);
}

TEST(ReportCodec, KeepsEveryField) {
  Report report;
  report.meta.ns = "data";
  report.meta.name = "berth-exposure";
  report.source = "berth";
  report.summary = {1, 2, 3, 4, 5};
  ReportResult result;
  result.policy = "control-plane";
  result.rule = "internal-port";
  result.category = "Exposure";
  result.severity = "high";
  result.result = "fail";
  result.message = "why";
  result.resources = {{"v1", "Service", "data", "web", {}, ""}};
  result.properties = {{"port", "5432"}};
  result.timestamp = {1'795'000'000, 7};
  report.results = {result};
  expect_round_trip(
      R"({"apiVersion":"openreports.io/v1alpha1","kind":"Report","metadata":{"name":"berth-exposure",)"
      R"("namespace":"data"},"source":"berth","summary":{"pass":1,"fail":2,"warn":3,"error":4,"skip":5},)"
      R"("results":[{"policy":"control-plane","rule":"internal-port","category":"Exposure","severity":"high",)"
      R"("result":"fail","message":"why","resources":[{"apiVersion":"v1","kind":"Service","namespace":"data",)"
      R"("name":"web"}],"properties":{"port":"5432"},"timestamp":{"seconds":1795000000,"nanos":7}}]})",
      report);
}

// Custom resources put the items first, built-in kinds the metadata (measured on v1.36).
TEST(DecodeList, TakesEitherOrderOfItemsAndMetadata) {
  const std::string metadata =
      R"("metadata":{"continue":"tok","remainingItemCount":2,"resourceVersion":"900"})";
  const std::string items = R"("items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}])";
  for (const std::string& text :
       {R"({"kind":"ServiceList","apiVersion":"v1",)" + metadata + "," + items + "}",
        R"({"apiVersion":"v1",)" + items + R"(,"kind":"ServiceList",)" + metadata + "}"}) {
    const auto list = decode_list<Service>(text, "v1", "Service");
    ASSERT_TRUE(list.ok()) << list.error().message;
    ASSERT_EQ(list->items.size(), 2U);
    EXPECT_EQ(list->items[1].meta.name, "b");
    EXPECT_EQ(list->resource_version, "900");
    EXPECT_EQ(list->continue_token, "tok");
  }
}

TEST(DecodeList, ReadsPagesOneAfterAnotherInOneMemory) {
  std::vector<std::string> tokens;
  PageReader reader([&](const std::string& token) { tokens.push_back(token); });
  const auto page = [](int items, const std::string& token) {
    std::string text = R"({"metadata":{"resourceVersion":"9","continue":")" + token + R"("},"items":[)";
    for (int i = 0; i < items; ++i) {
      text += (i > 0 ? "," : "") + (R"({"metadata":{"name":"s)" + std::to_string(i)) + R"("}})";
    }
    return text + "]}";
  };
  for (const int items : {3, 1, 400, 2}) {
    const auto list = decode_list<Service>(page(items, std::to_string(items)), "v1", "Service", &reader);
    ASSERT_TRUE(list.ok()) << list.error().message;
    ASSERT_EQ(list->items.size(), static_cast<std::size_t>(items));
    EXPECT_EQ(list->items.back().meta.name, "s" + std::to_string(items - 1));
    EXPECT_EQ(decode_list<Service>("{\"items\":", "v1", "Service", &reader).error().code, Code::kMalformed);
  }
  EXPECT_EQ(tokens, (std::vector<std::string>{"3", "1", "400", "2"}));
}

TEST(DecodeList, SaysWhereTheNextPageBeginsBeforeItReadsTheItems) {
  std::string token;
  PageReader reader([&](const std::string& found) { token = found; });
  const std::string text = R"({"items":[{"spec":{"ports":7}}],"metadata":{"continue":"tok"}})";
  EXPECT_FALSE(decode_list<Service>(text, "v1", "Service", &reader).ok());
  EXPECT_EQ(token, "tok");
}

TEST(DecodeList, TellsWorkloadsWhatTheyAre) {
  const auto list = decode_list<Workload>(
      R"({"kind":"DeploymentList","metadata":{"resourceVersion":"1"},"items":[)"
      R"({"metadata":{"name":"a"},"spec":{"template":{"metadata":{"labels":{"app":"a"}}}}}]})",
      "apps/v1", "Deployment");
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_EQ(list->items[0].kind, "Deployment");
  EXPECT_EQ(list->items[0].api_version, "apps/v1");
  EXPECT_EQ(list->items[0].template_labels, (Labels{{"app", "a"}}));
}

TEST(DecodeList, TakesNoItemsInAnyForm) {
  for (const char* text : {R"({"kind":"LeaseList","items":null})", R"({"kind":"LeaseList","items":[]})",
                           R"({"kind":"LeaseList"})"}) {
    const auto list = decode_list<Lease>(text, "coordination.k8s.io/v1", "Lease");
    ASSERT_TRUE(list.ok());
    EXPECT_TRUE(list->items.empty());
  }
}

TEST(DecodeList, NamesTheItemThatIsWrong) {
  const auto list = decode_list<Service>(
      R"({"kind":"ServiceList","items":[{},{"spec":{"ports":[{"port":"80"}]}}]})", "v1", "Service");
  EXPECT_EQ(list.error().field, "items[1].spec.ports[0].port");
}

TEST(DecodeList, RefusesWhatIsNoListOfThatKind) {
  EXPECT_EQ(decode_list<Service>(R"({"kind":"Status","code":410})", "v1", "Service").error().message,
            "kind: 'Status' stands here, expected ServiceList");
  EXPECT_FALSE(decode_list<Service>(R"({"kind":"PodList","items":[]})", "v1", "Service").ok());
}

}  // namespace
}  // namespace berth::json
