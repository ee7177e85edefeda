#include "core/exposure/openings.h"

#include <algorithm>
#include <utility>

#include "core/exposure/announcements.h"
#include "core/exposure/attachments.h"
#include "core/exposure/load_balancers.h"
#include "core/exposure/places.h"
#include "core/exposure/way_collection.h"

namespace berth::exposure {
namespace {

bool same_to_the_outside(const Opening& left, const Opening& right) {
  return left.shown == right.shown && left.ends_tls == right.ends_tls && left.unknown == right.unknown &&
         left.audience == right.audience;
}

}  // namespace

std::vector<Opening> own_openings(const Service& service, const ServicePort& port) {
  std::vector<Opening> openings;
  const bool balances = service.type == "LoadBalancer";
  if (balances && !is_internal_load_balancer(service)) {
    Opening opening{Via::kLoadBalancer, port.port};
    opening.audience.sources = service.load_balancer_source_ranges;
    opening.audience.addresses = asked_addresses(service);
    openings.push_back(std::move(opening));
  }
  if (service.type == "NodePort" || (balances && opens_node_port(service, port))) {
    openings.push_back({Via::kNodePort, port.node_port});
  }
  Opening by_address{Via::kExternalIp, port.port};
  for (const std::string& ip : service.external_ips) add_sorted(by_address.audience.addresses, ip);
  if (!balances) {
    // An address in the status of any other type was written by hand (CVE-2020-8554, exposure.md row 9).
    for (const LoadBalancerIngress& claimed : service.load_balancer_status) {
      add_sorted(by_address.audience.addresses, claimed.ip.empty() ? claimed.hostname : claimed.ip);
    }
  }
  if (!by_address.audience.addresses.empty()) openings.push_back(std::move(by_address));
  for (const Announcement& announced : announcements_of(service, port)) {
    Opening opening{announced.via, announced.shown};
    opening.sign = announced.sign;
    openings.push_back(std::move(opening));
  }
  return openings;
}

std::vector<Opening> advertised_openings(const Service& service, const ServicePort& port,
                                         const Facts& facts) {
  std::vector<Opening> openings;
  for (const Advertisement* advertisement : facts.advertisements()) {
    if (!advertises(*advertisement, service)) continue;
    Opening opening{Via::kExternalIp, port.port};
    opening.sign = advertisement->kind;
    opening.advertisement = advertisement;
    openings.push_back(std::move(opening));
  }
  return openings;
}

std::vector<Opening> openings_of(const Entrance& entrance, const EntranceTarget& target,
                                 const std::vector<std::string>& hosts, const Facts& facts) {
  std::vector<Opening> openings;
  if (!is_granted(entrance, target, facts)) return openings;
  for (const Attachment& attached : attachments_of(entrance, facts)) {
    Opening opening{target.via.value_or(entrance.via), target.shown, {}, &entrance, &target};
    opening.audience.hosts = hosts;
    opening.parent = attached.parent;
    opening.gateway = attached.gateway;
    opening.ends_tls = entrance.ends_tls || target.ends_tls;
    opening.unknown = attached.unknown;
    if (const GatewayListener* listener = attached.listener) {
      opening.shown = listener->port;
      opening.ends_tls =
          opening.ends_tls || (listener->protocol == "TLS" && listener->tls_mode != "Passthrough");
      if (entrance.by_host) opening.audience.hosts = hosts_at(*listener, hosts);
      if (opening.audience.hosts.empty()) continue;
    }
    const bool known = std::any_of(openings.begin(), openings.end(),
                                   [&](const Opening& other) { return same_to_the_outside(other, opening); });
    if (!known) openings.push_back(std::move(opening));
  }
  return openings;
}

std::vector<Opening> openings_of(const Entrance& entrance, const EntranceTarget& target, const Facts& facts) {
  return openings_of(entrance, target, hosts_of(entrance, target), facts);
}

}  // namespace berth::exposure
