// Adapter: how an object of a kind that Berth has no code for is read - what it leads to from outside, where
// routes get to by naming it, the pods that it makes, the cluster IPs that it advertises, or the networks
// that policies let in by selecting it.
//
// Data only; tables of them are read by table.h, and objects by reading.h. docs/reference/adapters.md has the
// format as people write it. Thread-safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/port.h"
#include "core/model/via.h"
#include "kube/adapters/path.h"

namespace berth::adapters {

// "*": there is something; "!x": something else than x; otherwise the text itself.
struct Condition {
  Path path = {};
  std::vector<std::string> values = {};
};

// A number as it is written in the table, or where it stands in the object; monostate: neither.
using NumberOrPath = std::variant<std::monostate, std::int64_t, Path>;

// What `port` is.
enum class PortIs {
  kServicePort,  // of the Service that is led to
  kTargetPort,   // of its pods
  kEvery,        // there is none: every port of the Service
  kListener      // the object itself listens there, whatever it leads to
};

// What names the Service: by its own name, by a name of DNS, or by "NAME.NAMESPACE:PORT".
enum class NamedBy { kNothing, kService, kDnsName, kAddress };

// One place in an object that leads somewhere.
struct Lead {
  std::optional<Path> each = {};         // the elements that lead; nothing: the object does
  std::vector<Condition> when = {};      // all of them hold,
  std::vector<Condition> unless = {};    // and none of these
  NamedBy named_by = NamedBy::kNothing;  // nothing: what the object's own controller makes listens at `port`
  Path name = {};
  bool other_names_unknown = false;  // a name of DNS that is none of the cluster may lead into it, too
  std::optional<Path> ns = {};       // nothing there: that of the object
  NumberOrPath port = {};            // nothing there: the first port of the Service
  PortIs port_is = PortIs::kServicePort;
  std::optional<Protocol> protocol = {};
  NumberOrPath shown = {};  // outside
  std::optional<Path> host = {};
  Via via = Via::kIngress;
  bool ends_tls = false;
};

// One place in an object that advertises cluster IPs.
struct Advertised {
  std::optional<Path> each = {};
  std::vector<Condition> when = {};
  std::vector<Condition> unless = {};
  std::optional<Path> network = {};   // nothing: every cluster IP
  std::optional<Path> selector = {};  // of Services; nothing: every one
};

// One place in an object that says where routes get to that name it as their backend.
struct Endpoint {
  std::optional<Path> each = {};
  std::vector<Condition> when = {};
  std::vector<Condition> unless = {};
  std::optional<Path> host = {};    // a name of DNS or an address
  std::optional<Path> labels = {};  // of pods of its namespace; neither: nobody can tell where it leads
  NumberOrPath port = {};           // that is connected to
};

// Whose NetworkPolicies the kind is like (cilium_policy.h, calico_policy.h).
enum class PolicyOf { kNobody, kCilium, kCalico };

struct Adapter {
  std::string group = {};
  std::string kind = {};
  std::string plural = {};
  std::vector<std::string> versions = {};  // the newest first
  std::string shown_kind = {};  // in messages: the kind, with its group where one before has the same name
  bool cluster_scoped = false;
  bool internal_only = false;  // of what it leads to only internal ports are refused
  // One of these says something.
  std::vector<Lead> leads = {};
  std::vector<Path> pod_templates = {};
  std::vector<Advertised> advertised = {};
  std::vector<Endpoint> endpoints = {};
  PolicyOf policy_of = PolicyOf::kNobody;
  std::optional<Path> networks = {};         // of a set,
  PolicyOf selected_by = PolicyOf::kNobody;  // and by whose policies it is let in
};

}  // namespace berth::adapters
