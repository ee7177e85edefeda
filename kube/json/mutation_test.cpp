// Broken bytes never break the reader: a corpus of real documents, mutated at random for a second.
//
// What is checked is that every answer is a value or an error with a sentence (the sanitizers see the rest),
// and that whatever decodes, encodes to something that decodes to the same.
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "core/model/exposure_policy.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/port_range.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/json/codec.h"
#include "kube/json/heading.h"
#include "kube/json/reader.h"
#include "kube/json/tree.h"

namespace berth::json {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> texts = {
      R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"a","labels":{"a.b/c":"d"}},"spec":{"type":"NodePort","selector":{"app":"x"},"ports":[{"name":"p","protocol":"UDP","port":80,"targetPort":"http","nodePort":30000}],"allocateLoadBalancerNodePorts":false},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})",
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","ownerReferences":[{"kind":"ReplicaSet","controller":true}]},"spec":{"hostNetwork":true,"containers":[{"name":"c","ports":[{"containerPort":5432,"hostPort":5432,"hostIP":"127.0.0.1","protocol":"SCTP"}]}]},"status":{"phase":"Running"}})",
      R"({"kind":"CronJob","apiVersion":"batch/v1","spec":{"jobTemplate":{"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}}}}})",
      R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","spec":{"defaultBackend":{"resource":{"kind":"K","name":"n"}},"tls":[{}],"rules":[{"host":"h","http":{"paths":[{"path":"/","backend":{"service":{"name":"s","port":{"number":80}}}}]}}]}})",
      R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation","metadata":{"name":"m"},"spec":{"ports":[{"name":"api","targetPort":8080,"allowFrom":[{"namespaceSelector":{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}}],"health":{"path":"/"}}],"allowTo":[{"cidr":"10.0.0.0/8","ports":[{"port":1,"endPort":2}]}]},"status":{"observedGeneration":2,"conditions":[{"type":"Ready","status":"True"}]}})",
      R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortLedger","spec":{"space":"NodePort","shard":1,"fence":2,"nextSeq":3,"entries":{"24511":"x"}}})",
      R"({"apiVersion":"v1","kind":"Secret","data":{"k":"AP+A"}})",
      R"({"kind":"ServiceList","metadata":{"resourceVersion":"1","continue":"t"},"items":[{"metadata":{"name":"\u00e4\ud83d\udea2"}},{"spec":{"ports":[{"port":4294967376},{"port":1e2},{"port":-0.5e-336}]}}]})",
  };
  return texts;
}

constexpr std::string_view kTokens[] = {"{",          "}",
                                        "[",          "]",
                                        ",",          ":",
                                        "\"",         "\\",
                                        "null",       "true",
                                        "-",          "0",
                                        "1e999",      "5432.0",
                                        "4294967376", "99999999999999999999",
                                        "\"port\":",  "\\u0000",
                                        "\\ud800",    "\xC3",
                                        "\xFF",       "\xEF\xBB\xBF",
                                        "0.",         "e-2147483639"};

std::string mutated(std::string text, Random& random) {
  const std::size_t edits = 1 + below(random, 4);
  for (std::size_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = below(random, text.size());
    const std::size_t length = below(random, std::min<std::size_t>(text.size() - at, 24) + 1);
    switch (below(random, 6)) {
      case 0:
        text[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, std::string(kTokens[below(random, std::size(kTokens))]));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(at, std::string(1 + below(random, 300), text[at]));
    }
  }
  return text;
}

template <class T>
void check(const std::string& text) {
  const Result<T> decoded = decode<T>(text);
  if (!decoded.ok()) {
    ASSERT_FALSE(decoded.error().message.empty()) << text;
    return;
  }
  const std::string encoded = encode(*decoded);
  const Result<T> again = decode<T>(encoded);
  ASSERT_TRUE(again.ok()) << text << "\n" << encoded << "\n" << again.error().message;
  ASSERT_EQ(encode(*again), encoded) << text;
}

void check_all(const std::string& text) {
  check<Service>(text);
  check<Workload>(text);
  check<Ingress>(text);
  check<PortAllocation>(text);
  check<PortLedger>(text);
  check<Secret>(text);
  (void)decode_list<Service>(text, "v1", "Service");
  (void)decode_heading(text);
  (void)decode_items(text);
  (void)parse_tree(text);
  (void)salvage_text(text, {"metadata", "name"});
}

TEST(Mutations, NeverBreakTheReader) {
  const char* given = std::getenv("BERTH_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "BERTH_TEST_SEED=" << seed << "\n";
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::size_t documents = 0;
  while (std::chrono::steady_clock::now() < end && !HasFatalFailure()) {
    check_all(mutated(corpus()[below(random, corpus().size())], random));
    ++documents;
  }
  std::cout << documents << " documents\n";
  EXPECT_GT(documents, 100U);
}

// The corpus itself is read, so that mutations start from documents that reach every branch.
TEST(Mutations, StartFromDocumentsThatAreRead) {
  for (const std::string& text : corpus()) {
    EXPECT_TRUE(parse_tree(text).ok()) << text;
    check_all(text);
  }
}

}  // namespace
}  // namespace berth::json
