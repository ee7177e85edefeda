// Backend: what a route names as its backend instead of a Service, whatever its kind: names and addresses to
// connect to, or pods by their labels (exposure.md row 34).
//
// Kinds are told apart where they are read (kube/adapters). Thread-safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/object_key.h"
#include "core/model/entrance.h"
#include "core/model/meta.h"

namespace berth {

struct BackendEndpoint {
  std::string host = {};     // a name of DNS or an address, as it is written
  Labels selector = {};      // of pods of its own namespace, where there is no host
  std::int64_t port = 0;     // that is connected to, whatever port a Service gives to whom
  std::string unknown = {};  // why nobody can tell where it leads; "" = what stands here tells

  bool operator==(const BackendEndpoint&) const = default;
};

struct Backend {
  std::string kind = {};            // "Backend", ...: as messages say it
  std::string reference_kind = {};  // as references say it: "apiGroup/kind"
  Meta meta = {};
  std::vector<BackendEndpoint> endpoints = {};

  bool operator==(const Backend&) const = default;
};

// Does the target name it?
bool names(const EntranceTarget& target, const Backend& backend);

// Which address the endpoint is at, as status.podIPs has it (IPv6 in its short form); "" when a name or
// labels say where.
std::string address_of(const BackendEndpoint& endpoint);
// The Service that its host may be a name of (external_name.h).
std::optional<ObjectKey> service_at(const BackendEndpoint& endpoint);
// A name of that Service and of nothing else: SERVICE.NAMESPACE alone may as well be somebody's on the
// internet.
bool is_name_of_cluster(const BackendEndpoint& endpoint);

// Where its endpoints lead, each place once: namespaces of Services and pods, and addresses.
std::vector<std::string> places_led_to(const Backend& backend);
bool leads_to(const Backend& backend, std::string_view place);

}  // namespace berth
