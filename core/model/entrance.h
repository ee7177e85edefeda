// Entrance: an object that leads what comes from outside to Services by their names, whatever its kind.
//
// Kinds are told apart where they are decoded (core/exposure/ingress_entrance.h) and nowhere behind: whoever
// judges ways out knows this one shape. Thread-safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/port.h"
#include "core/model/gateway.h"
#include "core/model/meta.h"
#include "core/model/via.h"

namespace berth {

// One place in it that names a Service and its port, or something else that is led to.
struct EntranceTarget {
  std::string ns = {};  // of the Service
  // "" = it leads to no Service: to `resource`, somewhere unknown, or to what its own controller makes, which
  // listens at port_number.
  std::string service = {};
  std::int64_t port_number = 0;  // of the Service, when there is no port_name
  std::string port_name = {};
  bool imported = false;      // the reference is to the ServiceImport of its name (KEP-1645)
  bool by_dns_name = false;   // the reference is to a name of DNS, for which nobody is asked for a grant
  bool first_port = false;    // of the Service, whatever its number
  bool every_port = false;    // of the Service
  std::string resource = {};  // what it leads to instead, "apiGroup/kind/name"
  std::string unknown = {};   // why nobody can tell where it leads; "" = what stands here tells
  std::string sign = {};  // what in the object leads there when it is no rule: "annotation example.org/key"
  std::optional<Protocol> protocol = {};  // nullopt = that of the Service port
  std::string host = {};                  // whose requests come here; "" = every host's
  std::int64_t shown = 0;                 // the number shown outside; 0 = not known
  std::optional<Via> via = {};            // nullopt = that of the entrance
  bool ends_tls = false;                  // as of the entrance
  bool by_target_port = false;            // port_number is that of the pods and not of the Service
  // The entrance itself listens at `shown`, and nothing is said of where that leads.
  bool is_listener = false;
  std::string number_field = {};  // where port_number is written: "spec.defaultBackend.service.port.number"

  bool operator==(const EntranceTarget&) const = default;
};

struct Entrance {
  Meta meta = {};
  std::string kind = {};  // "Ingress", "ConfigMap", "HTTPRoute", ...
  Via via = Via::kIngress;
  bool by_host = true;                  // requests are told apart by the host that they ask for
  bool ends_tls = false;                // what is encrypted is decrypted here, before the Service
  std::vector<std::string> hosts = {};  // of all targets; none: each target says its own
  std::vector<EntranceTarget> targets = {};
  bool internal_only = false;                 // only internal ports are of interest at its end (APIServices)
  bool by_parents = false;                    // nothing comes in but by what it is attached to (a route)
  std::vector<ParentReference> parents = {};  // with names and namespaces filled in

  bool operator==(const Entrance&) const = default;
};

// Whose requests come to one of its targets; "" = every host's. Never empty.
std::vector<std::string> hosts_of(const Entrance& entrance, const EntranceTarget& target);
// Is it attached to that Gateway or ListenerSet?
bool attaches_to(const Entrance& entrance, const Gateway& gateway);
// Does any of its targets lead to a Service of the namespace, or to something in it?
bool leads_into(const Entrance& entrance, std::string_view ns);
// Where its targets are, each namespace once.
std::vector<std::string> namespaces_led_into(const Entrance& entrance);

}  // namespace berth
