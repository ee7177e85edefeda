#include "core/exposure/connection.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/object_key.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/endings.h"
#include "core/exposure/neighbourhood.h"
#include "core/exposure/way_collection.h"

namespace berth::exposure {
namespace {

constexpr std::int64_t kHttp = 80;
constexpr std::int64_t kHttps = 443;

// As the API server reads it: "05432" and "+5432" are 5432.
std::optional<std::int64_t> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

WayOut begun(const Connection& connection, std::string unresolved = "") {
  WayOut found;
  found.via = Via::kConnect;
  found.connection = &connection;
  found.unresolved = std::move(unresolved);
  return found;
}

std::string named(const char* kind, const Connection& connection) {
  return std::string(kind) + " " + to_string(ObjectKey{connection.ns, connection.name});
}

const Workload* pod_of(const Connection& connection, const Facts& facts) {
  return facts.workload(connection.ns, "Pod", connection.name);
}

// Of the first container that declares any; whatever its protocol is, the API server speaks TCP.
std::int64_t chosen_port(const Connection& connection, const Workload& pod) {
  for (const Container& container : pod.pod.containers) {
    if (!container.ports.empty()) return container.ports.front().container_port;
  }
  return connection.scheme == "https" ? kHttps : kHttp;
}

// Where at the pod, or why that is not known.
struct Numbers {
  std::vector<std::int64_t> known = {};
  std::string unknown = {};
};

Numbers numbers_of(const Connection& connection, const Workload* pod) {
  if (!connection.ports.empty()) return {connection.ports, ""};
  if (const auto number = number_in(connection.port)) return {{*number}, ""};
  if (!connection.port.empty()) return {{}, "\"" + connection.port + "\" is no number of a port"};
  if (pod == nullptr) return {{}, "there is no " + named("Pod", connection) + " yet"};
  if (connection.by == ConnectsBy::kPodProxy) return {{chosen_port(connection, *pod)}, ""};
  Numbers declared;
  const std::vector<DeclaredPort> all = declared_ports(pod->pod);
  for (const DeclaredPort& one : all) {
    if (one.port->protocol == Protocol::kTcp) declared.known.push_back(one.port->container_port);
  }
  if (all.empty()) {
    declared.unknown =
        named("Pod", connection) + " declares no port, and the request does not tell which is meant";
  }
  return declared;
}

// In the pod, reported as the topmost owner that declares the number as the pod does.
void end_in(WayOut& way, const Workload& pod, Neighbourhood& around) {
  const auto declaring = [&](const Workload& workload) {
    return ends_of(as_connected(way.container_port), workload.pod).front().container;
  };
  const Container* container = declaring(pod);
  way.workload = &reported_as(pod, around, [&](const Workload& above) {
    return (declaring(above) == nullptr) == (container == nullptr);
  });
  way.container = container != nullptr ? container->name : "";
}

void add_ways_to_pod(const Connection& connection, Neighbourhood& around, WayCollection& ways) {
  const Workload* pod = pod_of(connection, around.facts());
  Numbers numbers = numbers_of(connection, pod);
  for (const std::int64_t number : numbers.known) {
    WayOut found = begun(connection);
    found.container_port = number;
    if (pod != nullptr) end_in(found, *pod, around);
    ways.add(std::move(found));
  }
  if (!numbers.unknown.empty()) ways.add(begun(connection, std::move(numbers.unknown)));
}

// A number means the first port that has it, anything else the port of that name; nothing is the name of an
// only port.
const ServicePort* port_of(const Connection& connection, const Service& service) {
  const std::optional<std::int64_t> number = number_in(connection.port);
  const auto found = std::find_if(service.ports.begin(), service.ports.end(), [&](const ServicePort& port) {
    return number ? port.port == *number : port.name == connection.port;
  });
  return found == service.ports.end() ? nullptr : &*found;
}

void add_ways_to_service(const Connection& connection, Neighbourhood& around, WayCollection& ways) {
  const Service* service = around.service(connection.name);
  if (service == nullptr) {
    return ways.add(begun(connection, "there is no " + named("Service", connection) + " yet"));
  }
  const ServicePort* port = port_of(connection, *service);
  if (port == nullptr) {
    // Endpoints by hand may have a port of that name all the same; of a number the Service itself is asked.
    if (number_in(connection.port)) return;
    WayOut found = begun(connection, "the Service has no port named \"" + connection.port + "\"");
    found.service = service;
    return ways.add(std::move(found));
  }
  for (Ending& ending : all_endings(*service, *port, around.selected_by(*service), around)) {
    WayOut found = begun(connection, std::move(ending.unresolved));
    found.service = service;
    found.service_port = port;
    found.slice = ending.slice;
    found.address = ending.address;
    found.workload = ending.workload;
    found.container = std::move(ending.container);
    found.container_port = ending.number;
    ways.add(std::move(found));
  }
}

}  // namespace

Result<Connection> proxy_connection(ConnectsBy by, std::string ns, const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char c : name) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const auto refused = [&] {
    return malformed("'" + name +
                     "' is no [SCHEME:]NAME[:PORT]: write \"db\", \"db:5432\" or \"https:db:5432\"");
  };
  Connection made;
  made.by = by;
  made.ns = std::move(ns);
  if (parts.size() > 3) return refused();
  if (parts.size() == 3) {
    made.scheme = parts.front();
    parts.erase(parts.begin());
  }
  made.name = parts.front();
  if (parts.size() == 2) made.port = parts.back();
  const bool known = made.scheme.empty() || made.scheme == "http" || made.scheme == "https";
  if (!known || made.name.empty()) return refused();
  return made;
}

std::vector<WayOut> ways_by(const Connection& connection, const Facts& facts) {
  Neighbourhood around(facts, connection.ns);
  WayCollection ways;
  if (connection.by == ConnectsBy::kServiceProxy) {
    add_ways_to_service(connection, around, ways);
  } else {
    add_ways_to_pod(connection, around, ways);
  }
  return ways.take();
}

}  // namespace berth::exposure
