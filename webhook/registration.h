// Registration: the ValidatingWebhookConfiguration that sends reviews here.
//
// Pure. Named kinds only, never "*"; own and system namespaces out; a node, and the operator that judges its
// own Services with the same engine, are not asked (conventions.md E7, P19). Source:
// admissionregistration.k8s.io/v1.
#pragma once

#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "kube/adapters/table.h"

namespace berth::webhook {

struct RegistrationOptions {
  std::string url = {};           // "https://127.0.0.1:9443"; "" registers by Service
  std::string service_name = {};  // used when url is ""
  std::string service_namespace = {};
  std::int64_t service_port = 443;
  std::vector<std::string> excluded_namespaces = {};
  std::string operator_user = {};  // "system:serviceaccount:berth-system:berth-operator"
  bool fail_closed = true;
  adapters::Table adapters = adapters::builtin();  // their kinds are judged, too
};

// Of a further webhook, which is asked before the API server connects somebody to a port
// (docs/reference/connect.md).
inline constexpr char kConnectWebhookName[] = "connect.exposure.berth.dev";
// On a Namespace: "Deny" asks for it.
inline constexpr char kConnectLabel[] = "berth.dev/connect";
inline constexpr char kConnectDeny[] = "Deny";

// The path reviews are posted to.
inline constexpr char kReviewPath[] = "/v1/review";

ValidatingWebhookConfiguration make_registration(const RegistrationOptions& options,
                                                 const std::string& ca_pem);

// Whether an entry of a configuration has a name of ours.
bool is_own_entry(const std::string& name);

// Whether nothing need be written: every entry of `wanted` stands in `live` as it is, none of ours stands
// there that is not wanted any more, and so do the labels. In which order authorities stand in a caBundle
// means nothing; labels, annotations and entries of others are theirs.
bool in_place(const ValidatingWebhookConfiguration& live, const ValidatingWebhookConfiguration& wanted);

// The names the serving certificate must carry to be reached as registered.
std::vector<std::string> certificate_names(const RegistrationOptions& options);

}  // namespace berth::webhook
