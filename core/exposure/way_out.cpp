#include "core/exposure/way_out.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/base/address_set.h"
#include "core/base/cidr.h"
#include "core/exposure/addresses.h"
#include "core/exposure/connection.h"

namespace berth::exposure {
namespace {

bool has(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

template <class T>
void add_once(std::vector<T>& list, T item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

// Of all together: the same in pieces is no new source. A range that cannot be read restricts nobody.
bool any_source_was_not_in(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<Cidr> earlier;
  bool was_everybody = false;
  for (const std::string& source : before) {
    const Result<Cidr> range = Cidr::parse(source);
    if (range) earlier.push_back(*range);
    if (!range) was_everybody = true;
  }
  std::vector<Cidr> ranges;
  for (const std::string& source : after) {
    const Result<Cidr> range = Cidr::parse(source);
    if (range) ranges.push_back(*range);
    if (!range && !has(before, source)) return true;
  }
  if (was_everybody) return false;
  AddressSet were_there;
  were_there.add(earlier);
  AddressSet fresh;
  fresh.add(ranges);
  fresh.remove(were_there);
  return !fresh.empty();
}

// "*.example.org" stands for one more label in front (networking/v1 IngressRule.host).
bool host_was_in(const std::vector<std::string>& before, const std::string& host) {
  return std::any_of(before.begin(), before.end(), [&](const std::string& earlier) {
    if (earlier.empty() || earlier == host) return true;
    if (earlier.size() < 2 || earlier.compare(0, 2, "*.") != 0) return false;
    const std::size_t dot = host.find('.');
    return dot != std::string::npos && dot != 0 && host.compare(dot, std::string::npos, earlier, 1) == 0;
  });
}

ObjectReference reference(std::string api_version, std::string kind, const Meta& meta) {
  return {std::move(api_version), std::move(kind), meta.ns, meta.name, meta.uid, {}};
}

// Another endpoint may lead to a workload of the same name elsewhere.
std::string behind_backend(const WayOut& way) {
  return way.target->resource + " " +
         (way.service != nullptr ? to_string(way.service->meta.key()) : way.endpoint->host);
}

}  // namespace

bool wider(const Audience& before, const Audience& after) {
  if (!before.sources.empty()) {
    if (after.sources.empty()) return true;
    if (any_source_was_not_in(before.sources, after.sources)) return true;
  }
  for (const std::string& host : after.hosts) {
    if (!host_was_in(before.hosts, host)) return true;
  }
  if (!before.addresses.empty() && after.addresses.empty()) return true;
  for (const std::string& address : after.addresses) {
    if (!has(before.addresses, "") && !has(before.addresses, address)) return true;
  }
  return false;
}

std::int64_t WayOut::service_number() const {
  if (service_port != nullptr) return service_port->port;
  return target != nullptr ? target->port_number : 0;
}

std::vector<std::int64_t> WayOut::numbers() const {
  std::vector<std::int64_t> known;
  for (const std::int64_t number : {container_port, service_number(), shown}) {
    if (number != 0) add_once(known, number);
  }
  return known;
}

std::vector<std::string> WayOut::namespaces() const {
  std::vector<std::string> names;
  if (connection != nullptr) add_once(names, connection->ns);
  if (entrance != nullptr) add_once(names, entrance->meta.ns);
  // Of a cluster-scoped entrance: that of what it names, whether or not it is there.
  if (target != nullptr && entrance != nullptr && entrance->meta.ns.empty()) add_once(names, target->ns);
  if (parent != nullptr) add_once(names, parent->ns);
  if (gateway != nullptr) add_once(names, gateway->meta.ns);
  if (backend != nullptr) add_once(names, backend->meta.ns);
  if (alias != nullptr) add_once(names, alias->meta.ns);
  if (service != nullptr) add_once(names, service->meta.ns);
  if (slice != nullptr) add_once(names, slice->meta.ns);
  if (network_policy != nullptr) add_once(names, network_policy->meta.ns);
  if (workload != nullptr) add_once(names, workload->meta.ns);
  std::erase(names, "");  // of cluster-scoped objects
  return names;
}

ObjectReference opener_of(const WayOut& way) {
  if (way.entrance != nullptr) return reference("", way.entrance->kind, way.entrance->meta);
  if (way.network_policy != nullptr)
    return reference(way.network_policy->kind == kNetworkPolicyKind ? "networking.k8s.io/v1" : "",
                     way.network_policy->kind, way.network_policy->meta);
  if (way.service != nullptr) return reference("v1", "Service", way.service->meta);
  if (way.workload != nullptr)
    return reference(way.workload->api_version, way.workload->kind, way.workload->meta);
  return reference(way.gateway->api_version, way.gateway->kind, way.gateway->meta);
}

WayIdentity identity(const WayOut& way) {
  const Meta* opener = nullptr;
  std::string kind;
  if (way.entrance != nullptr) {
    opener = &way.entrance->meta;
    kind = way.entrance->kind;
  } else if (way.advertisement != nullptr) {
    opener = &way.advertisement->meta;
    kind = way.advertisement->kind;
  } else if (way.gateway != nullptr) {
    opener = &way.gateway->meta;
    kind = way.gateway->kind;
  } else if (way.service != nullptr) {
    opener = &way.service->meta;
    kind = "Service";
  } else if (way.network_policy != nullptr) {
    opener = &way.network_policy->meta;
    kind = (way.is_left_open() ? "no " : "") + way.network_policy->kind;
  } else if (way.workload != nullptr) {
    opener = &way.workload->meta;  // the workload itself follows
  }
  std::string service_name;
  if (way.target != nullptr) {
    service_name = way.target->ns + "/" + way.target->service;
    if (way.backend != nullptr) service_name += behind_backend(way);
  } else if (way.service != nullptr) {
    service_name = way.service->meta.name;
    if (way.advertisement != nullptr) service_name.insert(0, way.service->meta.ns + "/");
  }
  // What is not known is told apart by what was asked for: another name may lead elsewhere.
  std::string asked_for(way.sign);
  if (!way.unresolved.empty()) {
    if (way.service_port != nullptr) {
      asked_for += "target " + berth::to_string(way.service_port->target_port);
    } else if (way.target != nullptr) {
      asked_for += "target " + way.target->port_name + " " + way.target->resource + " " + way.target->sign +
                   " " + way.target->unknown;
    } else {
      asked_for += "ports";
    }
  }
  if (!nobodys_address(way.address).empty()) asked_for += way.address;
  if (way.is_debug_container()) asked_for += " " + way.container;
  return {way.via,
          std::move(kind),
          opener != nullptr ? opener->ns : "",
          opener != nullptr ? opener->name : "",
          way.protocol,
          std::move(service_name),
          way.service_number(),
          way.workload != nullptr ? way.workload->kind : "",
          way.workload != nullptr ? way.workload->meta.name : "",
          way.container_port,
          std::move(asked_for),
          way.health_check};
}

std::vector<WayOut> added(const std::vector<WayOut>& before, std::vector<WayOut> after) {
  if (before.empty()) return after;
  std::multimap<WayIdentity, const WayOut*> known;
  for (const WayOut& way : before) known.emplace(identity(way), &way);
  const auto was_there = [&](const WayOut& way) {
    const auto [first, last] = known.equal_range(identity(way));
    return std::any_of(first, last, [&](const auto& entry) {
      const WayOut& earlier = *entry.second;
      const bool same_number = earlier.shown == way.shown || earlier.shown == 0 || way.shown == 0;
      return same_number && !wider(earlier.audience, way.audience);
    });
  };
  after.erase(std::remove_if(after.begin(), after.end(), was_there), after.end());
  return after;
}

}  // namespace berth::exposure
