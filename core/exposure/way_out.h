// WayOut: one chain from outside the cluster to a container port.
//
// Not a judgement: a way out may be perfectly allowed. A WayOut points into the objects it was found in, so
// the Facts (and the judged object) must outlive it. Thread-safety: values over constant objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/base/port.h"
#include "core/model/advertisement.h"
#include "core/model/backend.h"
#include "core/model/cluster_objects.h"
#include "core/model/endpoint_slice.h"
#include "core/model/entrance.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/model/network_set.h"
#include "core/model/service.h"
#include "core/model/via.h"
#include "core/model/workload.h"

namespace berth::exposure {

struct Connection;

// Who can use the way. Only the list that belongs to `via` is filled; an empty list says nothing.
struct Audience {
  // LoadBalancer: loadBalancerSourceRanges; NetworkPolicy: the networks outside; empty = everybody
  std::vector<std::string> sources = {};
  std::vector<std::string> hosts = {};  // of an entrance: host names; "" among them = every host
  // ExternalIP: the addresses; HostPort: hostIPs, "" = every one; LoadBalancer: those it asks for, none = any
  std::vector<std::string> addresses = {};

  bool operator==(const Audience&) const = default;
};

// `after` lets somebody in that `before` does not. Source ranges that cannot be read count as everybody.
bool wider(const Audience& before, const Audience& after);

// WayOut::sign of an ephemeral container beside what is exposed.
inline constexpr std::string_view kDebugContainer = "a debug container";

// A set by which a policy lets somebody in.
struct OpenSet {
  static constexpr std::size_t kMostNetworks = 4;  // more than anybody wants to read of thousands
  const NetworkSet* set = nullptr;
  std::vector<std::string> networks = {};  // of it that are outside of the cluster; none: it cannot be told
};

struct WayOut {
  Via via = Via::kLoadBalancer;
  std::int64_t shown = 0;  // the number shown outside; 0 = not known yet (the cluster chooses it)
  Protocol protocol = Protocol::kTcp;
  Audience audience = {};

  std::string_view sign = {};  // via Annotation and Export: what announces it (announcements.h); Custom: the
                               // program; the kind of an advertisement
  const Entrance* entrance = nullptr;      // what leads to the Service by its name, if anything
  const EntranceTarget* target = nullptr;  // where in it
  const Service* alias =
      nullptr;  // an ExternalName Service that the target names, and that leads to `service`
  const Backend* backend =
      nullptr;  // that the target names instead of a Service, and by which endpoint of it
  const BackendEndpoint* endpoint = nullptr;
  // Of a route: what it is attached to, and the Gateway or ListenerSet that this names, if it is there.
  const ParentReference* parent = nullptr;
  const Gateway* gateway = nullptr;
  const GatewayListener* listener = nullptr;     // a listener as such, from which routes lead on
  bool ends_tls = false;                         // what is encrypted is decrypted on the way
  const Advertisement* advertisement = nullptr;  // via ExternalIP: by which routers know the cluster IP
  const Service* service = nullptr;  // absent for host ports, and when an entrance names none that is
  const ServicePort* service_port = nullptr;  // absent as above, and for a health check
  const EndpointSlice* slice = nullptr;       // that leads on from the Service, when no selector does
  std::string_view address = {};  // in it, or in the endpoint; another of them may lead to the same end
  const NetworkPolicy* network_policy = nullptr;  // that lets somebody in, by its rule
  const NetworkPolicyRule* rule = nullptr;  // absent: it keeps nobody out any more, and no other policy does
  std::vector<OpenSet> network_sets = {};   // that the rule lets in
  const Connection* connection = nullptr;   // via Connect: what the API server is asked (connection.h)
  const Workload* workload = nullptr;       // absent while nothing is selected
  std::string container = {};               // "" when no container declares the port
  std::int64_t container_port = 0;          // 0 = not known
  std::string unresolved = {};              // why the end of the way is not known; "" = it is known
  bool health_check = false;                // healthCheckNodePort: answers the load balancer, leads to no pod

  // There is no pod at its end: only its number can be wrong.
  [[nodiscard]] bool is_bare_number() const {
    return health_check || listener != nullptr || (target != nullptr && target->is_listener);
  }
  // No connection is known, only that there could be one from what is exposed to any port of the pod.
  [[nodiscard]] bool is_debug_container() const { return via == Via::kCustom && sign == kDebugContainer; }
  // The pods are as open as where no NetworkPolicy is, and were not.
  [[nodiscard]] bool is_left_open() const { return network_policy != nullptr && rule == nullptr; }
  // Of the Service port, or of the target that names a Service which is not there; 0 = none.
  [[nodiscard]] std::int64_t service_number() const;
  // The numbers on the way that are known, without repetition: container port, Service port, number shown.
  [[nodiscard]] std::vector<std::int64_t> numbers() const;
  // Namespaces of the objects on the way, without repetition.
  [[nodiscard]] std::vector<std::string> namespaces() const;
};

// What makes two ways the same way, whichever version of the objects they were found in. The number shown is
// compared apart (it may not be known), the container's name and the spelling of targetPort do not matter.
using WayIdentity = std::tuple<Via, std::string, std::string, std::string, Protocol, std::string,
                               std::int64_t, std::string, std::string, std::int64_t, std::string, bool>;
WayIdentity identity(const WayOut& way);

// The object that opens it: of what leads on the outermost. A kind read by an adapter has no apiVersion here.
ObjectReference opener_of(const WayOut& way);

// The ways of `after` that `before` does not have, or has only for a narrower audience.
std::vector<WayOut> added(const std::vector<WayOut>& before, std::vector<WayOut> after);

}  // namespace berth::exposure
