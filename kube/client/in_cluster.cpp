#include "kube/client/in_cluster.h"

#include <charconv>
#include <string>

namespace berth::client {
namespace {

std::string trimmed(std::string text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  text.erase(last == std::string::npos ? 0 : last + 1);
  return text;
}

}  // namespace

Result<ClusterAccess> in_cluster_access(const Environment& environment) {
  const auto host = environment.variable("KUBERNETES_SERVICE_HOST");
  if (!host || host->empty()) {
    return Error{Code::kNotFound, "not in a cluster: KUBERNETES_SERVICE_HOST is not set"};
  }
  ClusterAccess access;
  access.host = *host;
  const std::string port = environment.variable("KUBERNETES_SERVICE_PORT").value_or("");
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), access.port);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || access.port == 0) {
    return malformed("KUBERNETES_SERVICE_PORT must be 1 to 65535, not \"" + port + "\"",
                     "KUBERNETES_SERVICE_PORT");
  }
  const std::string folder = kServiceAccountFolder;
  TRY(access.ca_pem, environment.read_file(folder + "/ca.crt"));
  access.token_file = folder + "/token";
  // Read once so that a pod without a token says so at once.
  const auto token = environment.read_file(access.token_file);
  if (!token.ok() || trimmed(*token).empty()) {
    return malformed("in a cluster, but there is no token in " + access.token_file +
                     "; is automountServiceAccountToken off?");
  }
  const auto ns = environment.read_file(folder + "/namespace");
  access.ns = ns.ok() ? trimmed(*ns) : "";
  if (access.ns.empty()) access.ns = "default";
  access.source = "in-cluster";
  return access;
}

}  // namespace berth::client
