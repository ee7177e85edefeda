// Connection: what somebody asks the API server to connect him to (CONNECT of pods/portforward, pods/proxy
// and services/proxy), and where he arrives.
//
// No manifest opens such a way: the API server itself connects, or lets the kubelet do it. Source:
// ResourceLocation in k8s.io/kubernetes pkg/registry/core/pod and pkg/registry/core/service/storage; it
// always speaks TCP. docs/reference/connect.md says what is seen and what is not. Thread-safety: pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/exposure/facts.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

enum class ConnectsBy { kPortForward, kPodProxy, kServiceProxy };

struct Connection {
  ConnectsBy by = ConnectsBy::kPortForward;
  std::string ns = {};
  std::string name = {};    // of the Pod or of the Service
  std::string scheme = {};  // of a proxy: http, https; "" = http
  std::string port = {};    // of a proxy: a number or a name; "" = the API server chooses
  // Of a port-forward. None: they are told inside the stream, where nobody can read them (kubectl).
  std::vector<std::int64_t> ports = {};
};

// By the name in the request of a proxy: "db", "db:5432", "https:db:pg". Errors: what is no such name.
Result<Connection> proxy_connection(ConnectsBy by, std::string ns, const std::string& name);

// What it leads to; of a port-forward that does not tell its ports everything that the Pod declares. None:
// the API server finds nothing to connect to. The ways point into `connection` and the facts.
std::vector<WayOut> ways_by(const Connection& connection, const Facts& facts);

}  // namespace berth::exposure
