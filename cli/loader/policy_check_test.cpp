#include "cli/loader/policy_check.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>

#include "cli/loader/documents.h"
#include "cli/loader/objects.h"

namespace berth::cli {
namespace {

std::string errors_of(const std::string& spec) {
  Problems problems;
  const std::string text =
      "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: p}\nspec:\n" + spec;
  (void)load_objects(read_documents(text, "p", problems), "default", problems);
  std::string result;
  for (const Problem& error : problems.errors) result += to_string(error, "error") + "\n";
  return result;
}

// The first four lines.
std::string first_four(const std::string& text) {
  std::size_t end = 0;
  for (int i = 0; i < 4 && end != std::string::npos; ++i) end = text.find('\n', end == 0 ? 0 : end) + 1;
  return text.substr(0, end);
}

// Every property path below spec of a CRD schema, lists as "[]".
void collect(const Node& schema, const std::string& path, std::set<std::string>& found) {
  const Node* properties = find(schema, "properties");
  if (properties != nullptr && properties->mapping() != nullptr) {
    for (const Member& member : *properties->mapping()) {
      found.insert(path + "." + member.key);
      collect(member.value, path + "." + member.key, found);
    }
  }
  if (const Node* items = find(schema, "items")) collect(*items, path + "[]", found);
}

TEST(PolicyFields, AreThoseOfTheCrd) {
  std::ifstream file(std::string(BERTH_SOURCE_DIR) + "/crds/berth.dev_exposurepolicies.yaml");
  std::stringstream text;
  text << file.rdbuf();
  Problems problems;
  const std::vector<Document> documents = read_documents(text.str(), "crd", problems);
  ASSERT_EQ(documents.size(), 1U);
  const Node* versions = find_path(documents.front().root, {"spec", "versions"});
  ASSERT_NE(versions, nullptr);
  const Node* spec =
      find_path(versions->sequence()->front(), {"schema", "openAPIV3Schema", "properties", "spec"});
  ASSERT_NE(spec, nullptr);
  std::set<std::string> expected;
  collect(*spec, "spec", expected);
  std::set<std::string> known;
  for (const PolicyField& field : policy_fields()) known.insert(std::string(field.path));
  EXPECT_EQ(known, expected);
}

TEST(PolicyCheck, FindsNothingInAGoodPolicy) {
  EXPECT_EQ(
      errors_of("  namespaceSelector: {matchLabels: {anything: at all}}\n"
                "  networks: [{name: admins, cidrs: [10.20.0.0/16]}]\n"
                "  external: [{port: 443, from: [admins], tls: Passthrough, requirement: Required}]\n"
                "  internal: [{ports: [\"8192-60000\"], service: Slurm}]\n"
                "  exceptions:\n"
                "  - {namespace: data, workload: {kind: StatefulSet, name: pg}, port: 5432,\n"
                "     via: [LoadBalancer], owner: dba, reason: move, expiresAt: \"2027-01-31T00:00:00Z\"}\n"),
      "");
}

TEST(PolicyCheck, RefusesMisspeltFieldsAndChoices) {
  EXPECT_EQ(
      first_four(
          errors_of("  intenal: [{port: 5432}]\n  action: deny\n  internal:\n  - {port: 1, servise: x}\n"
                    "  exceptions: [{port: 1, via: [Loadbalancer], workload: {}}]\n")),
      "p:5:3: error: an ExposurePolicy has no field \"spec.intenal\" and would protect nothing by it, did "
      "you "
      "mean internal?\n"
      "p:6:11: error: spec.action is \"deny\"; write one of Deny, Warn, Audit\n"
      "p:8:15: error: an ExposurePolicy has no field \"spec.internal[].servise\" and would protect nothing "
      "by "
      "it, did you mean service?\n"
      "p:9:32: error: spec.exceptions[].via is \"Loadbalancer\"; write one of LoadBalancer, NodePort, "
      "ExternalIP, Ingress, Gateway, HostPort, HostNetwork, EndpointSlice, ConfigMap, Annotation, Export, "
      "NetworkPolicy, Custom\n");
}

TEST(PolicyCheck, RefusesWhatTheEngineCannotRead) {
  EXPECT_NE(errors_of("  internal: [{ports: [\"60000-8192\"]}]\n").find("p:5:"), std::string::npos);
  EXPECT_NE(errors_of("  networks: [{name: a, cidrs: [10.0.0.1/8]}]\n"), "");
  EXPECT_NE(errors_of("  internal: [{port: 70000}]\n"), "");
}

}  // namespace
}  // namespace berth::cli
