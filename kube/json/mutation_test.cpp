// Broken bytes never break the reader: a corpus of real documents, mutated at random for a second.
//
// What is checked is that every answer is a value or an error with a sentence (the sanitizers see the rest),
// and that whatever decodes, encodes to something that decodes to the same.
#include "kube/json/mutation.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "core/model/network_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/port_ledger.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/json/codec.h"
#include "kube/json/heading.h"
#include "kube/json/reader.h"
#include "kube/json/tree.h"

namespace berth::json {
namespace {

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> texts = {
      R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"a","labels":{"a.b/c":"d"}},"spec":{"type":"NodePort","selector":{"app":"x"},"ports":[{"name":"p","protocol":"UDP","port":70968,"targetPort":"http","nodePort":30000}],"allocateLoadBalancerNodePorts":false},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})",
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","ownerReferences":[{"kind":"ReplicaSet","controller":true}]},"spec":{"hostNetwork":true,"containers":[{"name":"c","ports":[{"containerPort":5432,"hostPort":5432,"hostIP":"127.0.0.1","protocol":"SCTP"}]}]},"status":{"phase":"Running"}})",
      R"({"kind":"CronJob","apiVersion":"batch/v1","spec":{"jobTemplate":{"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}}}}})",
      R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","spec":{"defaultBackend":{"resource":{"kind":"K","name":"n"}},"tls":[{}],"rules":[{"host":"h","http":{"paths":[{"path":"/","backend":{"service":{"name":"s","port":{"number":80}}}}]}}]}})",
      R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortAllocation","metadata":{"name":"m"},"spec":{"ports":[{"name":"api","targetPort":8080,"allowFrom":[{"namespaceSelector":{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}}],"health":{"path":"/"}}],"allowTo":[{"cidr":"10.0.0.0/8","ports":[{"port":1,"endPort":2}]}]},"status":{"observedGeneration":2,"conditions":[{"type":"Ready","status":"True"}]}})",
      R"({"apiVersion":"berth.dev/v1alpha1","kind":"PortLedger","spec":{"space":"NodePort","shard":1,"fence":2,"nextSeq":3,"entries":{"24511":"x"}}})",
      R"({"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","spec":{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}},{"namespaceSelector":{}}],"ports":[{"port":"https"},{"port":1,"endPort":2,"protocol":"UDP"}]},{}],"egress":[{"to":[{"podSelector":{"matchLabels":{"a":"b"}}}]}]}})",
      R"({"apiVersion":"v1","kind":"Secret","data":{"k":"AP+A"}})",
      R"({"kind":"ServiceList","metadata":{"resourceVersion":"1","continue":"t"},"items":[{"metadata":{"name":"\u00e4\ud83d\udea2"}},{"spec":{"ports":[{"port":4294967376},{"port":1e2},{"port":-0.5e-336}]}}]})",
  };
  return texts;
}

// "" when the property holds of `text`, else what went wrong.
template <class T>
std::string broken(const std::string& text, const std::function<std::string(const T&)>& encoder) {
  Result<T> decoded = decode<T>(text);
  if (!decoded.ok()) return decoded.error().message.empty() ? "an error without a sentence" : "";
  decoded->meta.generation = 0;
  decoded->meta.creation_timestamp.clear();
  decoded->meta.deletion_timestamp.clear();
  const std::string encoded = encoder(*decoded);
  const Result<T> again = decode<T>(encoded);
  if (!again.ok()) return "written but not read: " + encoded + "\n" + again.error().message;
  return *again == *decoded ? "" : "another object comes back: " + encoded;
}

template <class T>
void check(const std::string& text) {
  const std::string why = broken<T>(text, [](const T& object) { return encode(object); });
  ASSERT_EQ(why, "") << text;
}

void check_all(const std::string& text) {
  check<Service>(text);
  check<Workload>(text);
  check<Ingress>(text);
  check<NetworkPolicy>(text);
  check<PortAllocation>(text);
  check<PortLedger>(text);
  check<Secret>(text);
  (void)decode_list<Service>(text, "v1", "Service");
  (void)decode_heading(text);
  (void)decode_items(text);
  (void)parse_tree(text);
  (void)salvage_text(text, {"metadata", "name"});
}

TEST(Mutations, NeverBreakTheReader) { for_a_second(corpus(), check_all); }

// The corpus itself is read, so that mutations start from documents that reach every branch.
TEST(Mutations, StartFromDocumentsThatAreRead) {
  for (const std::string& text : corpus()) {
    EXPECT_TRUE(parse_tree(text).ok()) << text;
    check_all(text);
  }
}

// The property sees the classic mistake: a port kept in 16 bits.
TEST(Mutations, WouldShowAnEncoderThatTruncates) {
  const auto truncating = [](const Service& service) {
    Service copy = service;
    for (ServicePort& port : copy.ports) port.port = static_cast<std::uint16_t>(port.port);
    return encode(copy);
  };
  bool seen = false;
  for (const std::string& text : corpus()) seen = seen || !broken<Service>(text, truncating).empty();
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace berth::json
