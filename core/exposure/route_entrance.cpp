#include "core/exposure/route_entrance.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/exposure/field_path.h"
#include "core/model/backend.h"

namespace berth::exposure {
namespace {

// Istio's word for what has no object: its name is a name of DNS, and its namespace says nothing. What a
// ServiceEntry may mean by any other name is not known.
std::optional<ObjectKey> service_by_dns_name(const BackendReference& reference) {
  if (reference.group != "networking.istio.io" || reference.kind != "Hostname") return std::nullopt;
  BackendEndpoint endpoint;
  endpoint.host = reference.name;
  return is_name_of_cluster(endpoint) ? service_at(endpoint) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(const Route& route) : route_(route) {
    entrance_.meta = route.meta;
    entrance_.kind = route.kind;
    entrance_.via = Via::kGateway;
    entrance_.by_parents = true;
    const bool http = route.kind == "HTTPRoute" || route.kind == "GRPCRoute";
    entrance_.ends_tls = http;
    entrance_.by_host = http || route.kind == "TLSRoute";
    if (entrance_.by_host) entrance_.hosts = route.hostnames;
  }

  Entrance read() {
    for (const ParentReference& parent : route_.parents) {
      entrance_.parents.push_back(filled_in(parent, route_.meta.ns));
    }
    for (std::size_t i = 0; i < route_.rules.size(); ++i) {
      const RouteRule& rule = route_.rules[i];
      const std::string field = indexed("rules", i);
      for (std::size_t k = 0; k < rule.backends.size(); ++k) {
        const std::string backend = indexed(field + ".backendRefs", k);
        add(rule.backends[k].reference, "", "spec." + backend);
        add_filters(rule.backends[k].filters, backend);
      }
      add_filters(rule.filters, field);
    }
    return std::move(entrance_);
  }

 private:
  void add_filters(const std::vector<RouteFilter>& filters, const std::string& owner) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      const std::string field = indexed(owner + ".filters", i);
      for (const auto& [name, reference] : {std::pair(".requestMirror", &filters[i].mirror),
                                            std::pair(".externalAuth", &filters[i].external_auth)}) {
        if (!reference->name.empty()) {
          add(*reference, "filter " + field + name, "spec." + field + name + ".backendRef");
        }
      }
    }
  }

  void add(const BackendReference& reference, std::string sign, const std::string& field) {
    EntranceTarget target;
    target.ns = reference.ns.empty() ? route_.meta.ns : reference.ns;
    target.sign = std::move(sign);
    const std::string kind = reference.kind.empty() ? "Service" : reference.kind;
    // An import of several clusters leads to the Service of its own name, too (KEP-1645).
    const bool imported = reference.group == "multicluster.x-k8s.io" && kind == "ServiceImport";
    if ((reference.group.empty() && kind == "Service") || imported) {
      target.service = reference.name;
      target.imported = imported;
      target.port_number = reference.port;
      target.number_field = field + ".port";
    } else if (const auto named = service_by_dns_name(reference)) {
      target.ns = named->ns;
      target.service = named->name;
      target.by_dns_name = true;
      target.port_number = reference.port;
      target.number_field = field + ".port";
    } else {
      target.resource = reference.group + "/" + kind + "/" + reference.name;
    }
    target.protocol = route_.kind == "UDPRoute" ? Protocol::kUdp : Protocol::kTcp;
    entrance_.targets.push_back(std::move(target));
  }

  const Route& route_;
  Entrance entrance_;
};

}  // namespace

Entrance entrance_of(const Route& route) { return Reader(route).read(); }

}  // namespace berth::exposure
