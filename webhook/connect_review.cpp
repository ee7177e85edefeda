#include "webhook/connect_review.h"

#include <string>
#include <utility>

#include "kube/json/reader.h"

namespace berth::webhook {
namespace {

using exposure::Connection;
using exposure::ConnectsBy;

// Of a proxy everything stands in its name; a path, which its options have, leads to no other port.
Result<Connection> proxy_of(ConnectsBy by, const wire::AdmissionReviewRequest& review) {
  auto made = exposure::proxy_connection(by, review.ns, review.name);
  if (made.ok()) return made;
  return malformed(made.error().message, "request.name");
}

// v1 PodPortForwardOptions
Result<Connection> port_forward_of(const wire::AdmissionReviewRequest& review) {
  Connection made;
  made.by = ConnectsBy::kPortForward;
  made.ns = review.ns;
  made.name = review.name;
  if (review.object.empty()) return made;
  const Status read =
      review.object.read([&](json::Archive& archive) { json::member(archive, "ports", made.ports); });
  if (read.ok()) return made;
  Error error = read.error();
  error.field = "request.object" + (error.field.empty() ? "" : "." + error.field);
  return error;
}

}  // namespace

Result<Connection> connection_of(const wire::AdmissionReviewRequest& review) {
  const std::string& group = review.resource.group;
  const std::string asked =
      review.resource.resource + "/" + review.sub_resource + (group.empty() ? "" : "." + group);
  if (asked == "pods/portforward") return port_forward_of(review);
  if (asked == "pods/proxy") return proxy_of(ConnectsBy::kPodProxy, review);
  if (asked == "services/proxy") return proxy_of(ConnectsBy::kServiceProxy, review);
  return malformed(
      "CONNECT to " + asked +
          " is not an operation this webhook judges: narrow the rules of the webhook configuration",
      "request.operation");
}

}  // namespace berth::webhook
