#include "kube/adapters/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

#include "core/model/network_policy.h"
#include "kube/adapters/section.h"

namespace berth::adapters {
namespace {

constexpr char kFormatVersion[] = "1";

// Groups whose kinds Berth reads by code, and the kind of a group of which it reads one.
constexpr std::array<std::string_view, 7> kOwnGroups = {
    "", "apps", "batch", "networking.k8s.io", "discovery.k8s.io", "gateway.networking.k8s.io", "berth.dev"};
constexpr std::pair<std::string_view, std::string_view> kOwnKind = {"gateway.networking.x-k8s.io",
                                                                    "XListenerSet"};

// Kinds whose names say enough without a group, for people think of these first.
constexpr std::array<std::string_view, 7> kWellKnown = {
    "Service", "Ingress", "Gateway", "Deployment", "StatefulSet", "DaemonSet", kNetworkPolicyKind};

template <class T>
struct Word {
  std::string_view text;
  T value;
};

constexpr Word<Via> kVias[] = {
    {"LoadBalancer", Via::kLoadBalancer}, {"NodePort", Via::kNodePort}, {"ExternalIP", Via::kExternalIp},
    {"Ingress", Via::kIngress},           {"Gateway", Via::kGateway},   {"ConfigMap", Via::kConfigMap},
    {"Annotation", Via::kAnnotation},     {"Export", Via::kExport},     {"Connect", Via::kConnect},
};
constexpr Word<PortIs> kPortIs[] = {{"ServicePort", PortIs::kServicePort},
                                    {"TargetPort", PortIs::kTargetPort},
                                    {"Every", PortIs::kEvery},
                                    {"Listener", PortIs::kListener}};
constexpr Word<Protocol> kProtocols[] = {
    {"TCP", Protocol::kTcp}, {"UDP", Protocol::kUdp}, {"SCTP", Protocol::kSctp}};
constexpr Word<bool> kScopes[] = {{"Namespaced", false}, {"Cluster", true}};
constexpr Word<PolicyOf> kPolicies[] = {{"Cilium", PolicyOf::kCilium}, {"Calico", PolicyOf::kCalico}};
constexpr Word<bool> kOtherNames[] = {{"Outside", false}, {"Unknown", true}};
constexpr Word<bool> kFlags[] = {{"true", true}, {"false", false}};
constexpr Word<NamedBy> kNames[] = {
    {"service", NamedBy::kService}, {"dnsName", NamedBy::kDnsName}, {"address", NamedBy::kAddress}};

template <class T, std::size_t N>
Result<T> word(const Section& section, const std::string& field, const Word<T> (&words)[N], T otherwise) {
  TRY(const std::string text, section.text(field));
  if (text.empty()) return otherwise;
  std::string known;
  for (const Word<T>& each : words) {
    if (each.text == text) return each.value;
    known += (known.empty() ? "" : ", ") + std::string(each.text);
  }
  return malformed("'" + text + "' is not one of " + known, section.path_of(field));
}

Result<std::optional<Path>> path(const Section& section, const std::string& field) {
  TRY(const std::string text, section.text(field));
  if (text.empty()) return std::optional<Path>();
  auto parsed = Path::parse(text);
  if (!parsed.ok()) return malformed(parsed.error().message, section.path_of(field));
  return std::optional<Path>(*std::move(parsed));
}

Result<NumberOrPath> number_or_path(const Section& section, const std::string& field) {
  TRY(const std::string text, section.text(field));
  if (text.empty()) return NumberOrPath();
  if (text.front() < '0' || text.front() > '9') {
    TRY(auto found, path(section, field));
    return NumberOrPath(*std::move(found));
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !Port::checked(number)) {
    return malformed("'" + text + "' is no port: write a number from 1 to 65535, or a path",
                     section.path_of(field));
  }
  return NumberOrPath(number);
}

Result<std::vector<Condition>> conditions(const Section& section, const std::string& field) {
  std::vector<Condition> made;
  TRY(const Section all, section.section(field));
  for (const std::string& name : all.fields()) {
    auto parsed = Path::parse(name);
    if (!parsed.ok()) return malformed(parsed.error().message, section.path_of(field));
    Condition condition{*std::move(parsed), {}};
    TRY(condition.values, all.texts(name));
    if (condition.values.empty()) return malformed("needs a list of values", all.path_of(name));
    made.push_back(std::move(condition));
  }
  return made;
}

// Those of the conditions of a part of an adapter, and of `more` that are written.
template <class Part>
std::vector<const Path*> paths_of(const Part& part, std::initializer_list<const std::optional<Path>*> more) {
  std::vector<const Path*> paths;
  for (const auto* list : {&part.when, &part.unless}) {
    for (const Condition& condition : *list) paths.push_back(&condition.path);
  }
  for (const std::optional<Path>* path : more) {
    if (*path) paths.push_back(&**path);
  }
  return paths;
}

// What begins with a dot begins at an element of `each`, and `each` at the object.
Status check_relative(const Section& section, const std::optional<Path>& each,
                      const std::vector<const Path*>& paths) {
  for (const Path* path : paths) {
    if (path->is_relative() && !each) {
      return malformed("'" + path->text() + "' begins with a dot, and there is no `each` that it could be in",
                       section.path_of(""));
    }
  }
  if (each && each->is_relative()) {
    return malformed("'" + each->text() + "' begins with a dot: write it from spec on",
                     section.path_of("each"));
  }
  return ok_status();
}

Status check_relative(const Section& section, const Lead& lead) {
  std::vector<const Path*> paths = paths_of(lead, {&lead.ns, &lead.host});
  if (lead.named_by != NamedBy::kNothing) paths.push_back(&lead.name);
  for (const NumberOrPath* number : {&lead.port, &lead.shown}) {
    if (const Path* path = std::get_if<Path>(number)) paths.push_back(path);
  }
  return check_relative(section, lead.each, paths);
}

Result<Lead> read_lead(const Section& section, Via via) {
  TRY_DONE(section.allow({"each", "when", "unless", "service", "dnsName", "address", "namespace", "port",
                          "portIs", "protocol", "shown", "host", "via", "endsTLS", "otherNames"}));
  Lead lead;
  TRY(lead.each, path(section, "each"));
  TRY(lead.when, conditions(section, "when"));
  TRY(lead.unless, conditions(section, "unless"));
  for (const Word<NamedBy>& name : kNames) {
    TRY(const auto found, path(section, std::string(name.text)));
    if (!found) continue;
    if (lead.named_by != NamedBy::kNothing) {
      return malformed("has two of service, dnsName and address: write one", section.path_of(""));
    }
    lead.named_by = name.value;
    lead.name = *found;
  }
  TRY(lead.other_names_unknown, word(section, "otherNames", kOtherNames, false));
  TRY(lead.ns, path(section, "namespace"));
  TRY(lead.port, number_or_path(section, "port"));
  TRY(lead.port_is, word(section, "portIs", kPortIs, PortIs::kServicePort));
  if (section.has("protocol")) {
    TRY(lead.protocol, word(section, "protocol", kProtocols, Protocol::kTcp));
  }
  TRY(lead.shown, number_or_path(section, "shown"));
  TRY(lead.host, path(section, "host"));
  TRY(lead.via, word(section, "via", kVias, via));
  TRY(lead.ends_tls, word(section, "endsTLS", kFlags, false));
  TRY_DONE(check_relative(section, lead));
  if (lead.named_by == NamedBy::kNothing && std::holds_alternative<std::monostate>(lead.port)) {
    return malformed("names neither a Service (service, dnsName or address) nor a port", section.path_of(""));
  }
  if (lead.port_is == PortIs::kEvery && section.has("port")) {
    return malformed("means every port of the Service: leave `port` out", section.path_of("portIs"));
  }
  return lead;
}

Result<Advertised> read_advertised(const Section& section) {
  TRY_DONE(section.allow({"each", "when", "unless", "network", "selector"}));
  Advertised advertised;
  TRY(advertised.each, path(section, "each"));
  TRY(advertised.when, conditions(section, "when"));
  TRY(advertised.unless, conditions(section, "unless"));
  TRY(advertised.network, path(section, "network"));
  TRY(advertised.selector, path(section, "selector"));
  TRY_DONE(check_relative(section, advertised.each,
                          paths_of(advertised, {&advertised.network, &advertised.selector})));
  return advertised;
}

Result<Endpoint> read_endpoint(const Section& section) {
  TRY_DONE(section.allow({"each", "when", "unless", "host", "labels", "port"}));
  Endpoint endpoint;
  TRY(endpoint.each, path(section, "each"));
  TRY(endpoint.when, conditions(section, "when"));
  TRY(endpoint.unless, conditions(section, "unless"));
  TRY(endpoint.host, path(section, "host"));
  TRY(endpoint.labels, path(section, "labels"));
  TRY(endpoint.port, number_or_path(section, "port"));
  std::vector<const Path*> paths = paths_of(endpoint, {&endpoint.host, &endpoint.labels});
  if (const Path* port = std::get_if<Path>(&endpoint.port)) paths.push_back(port);
  TRY_DONE(check_relative(section, endpoint.each, paths));
  if (endpoint.host && endpoint.labels) {
    return malformed("has both host and labels: write one", section.path_of(""));
  }
  const bool leads = endpoint.host || endpoint.labels;
  if (leads == std::holds_alternative<std::monostate>(endpoint.port)) {
    return malformed(
        leads ? "needs the port that is connected to" : "is for `host` or `labels`, which are not here",
        section.path_of("port"));
  }
  if (!leads && endpoint.when.empty() && endpoint.unless.empty()) {
    return malformed("needs host or labels, or says by when or unless that nobody can tell",
                     section.path_of(""));
  }
  return endpoint;
}

bool is_read_by_code(const Adapter& adapter) {
  return std::find(kOwnGroups.begin(), kOwnGroups.end(), adapter.group) != kOwnGroups.end() ||
         kOwnKind == std::pair<std::string_view, std::string_view>(adapter.group, adapter.kind);
}

// A cluster-scoped object has no namespace in which a Service could be meant.
Status check_namespaces(const std::vector<Section>& sections, const std::vector<Lead>& leads) {
  for (std::size_t i = 0; i < leads.size(); ++i) {
    if (leads[i].named_by == NamedBy::kService && leads[i].ns) continue;
    return malformed("needs `service` and `namespace`: a cluster-scoped object is in no namespace",
                     sections[i].path_of(""));
  }
  return ok_status();
}

Status read_networks(const Section& section, Adapter& adapter) {
  TRY(adapter.networks, path(section, "networks"));
  TRY(adapter.selected_by, word(section, "selectedBy", kPolicies, PolicyOf::kNobody));
  if (adapter.networks && adapter.networks->is_relative()) {
    return malformed("'" + adapter.networks->text() + "' begins with a dot: write it from spec on",
                     section.path_of("networks"));
  }
  if (adapter.networks.has_value() != (adapter.selected_by != PolicyOf::kNobody)) {
    return malformed("`networks` and `selectedBy` belong together: whose policies let the networks in",
                     section.path_of(adapter.networks ? "selectedBy" : "networks"));
  }
  return ok_status();
}

Result<Adapter> read_adapter(const Section& section) {
  TRY_DONE(section.allow({"group", "kind", "plural", "versions", "scope", "via", "leadsTo", "podTemplates",
                          "advertises", "endpoints", "policyOf", "networks", "selectedBy", "internalOnly"}));
  Adapter adapter;
  TRY(adapter.group, section.needed("group"));
  TRY(adapter.kind, section.needed("kind"));
  TRY(adapter.plural, section.needed("plural"));
  TRY(adapter.versions, section.texts("versions"));
  if (adapter.versions.empty()) {
    return malformed("needs the versions that are served, the newest first: [v1, v1beta1]",
                     section.path_of("versions"));
  }
  if (is_read_by_code(adapter)) {
    return malformed("Berth reads the kinds of '" + adapter.group + "' itself", section.path_of("group"));
  }
  TRY(const Via via, word(section, "via", kVias, Via::kIngress));
  TRY(const std::vector<Section> leads, section.sections("leadsTo"));
  for (const Section& lead : leads) {
    TRY(Lead read, read_lead(lead, via));
    adapter.leads.push_back(std::move(read));
  }
  TRY(const std::vector<std::string> templates, section.texts("podTemplates"));
  for (const std::string& text : templates) {
    auto parsed = Path::parse(text);
    if (!parsed.ok() || parsed->is_relative() || !text.starts_with("spec")) {
      return malformed("'" + text + "' is no path to a pod template: write one such as spec.template",
                       section.path_of("podTemplates"));
    }
    adapter.pod_templates.push_back(*std::move(parsed));
  }
  TRY(const std::vector<Section> advertised, section.sections("advertises"));
  for (const Section& part : advertised) {
    TRY(Advertised read, read_advertised(part));
    adapter.advertised.push_back(std::move(read));
  }
  TRY(const std::vector<Section> endpoints, section.sections("endpoints"));
  for (const Section& part : endpoints) {
    TRY(Endpoint read, read_endpoint(part));
    adapter.endpoints.push_back(std::move(read));
  }
  TRY(adapter.policy_of, word(section, "policyOf", kPolicies, PolicyOf::kNobody));
  TRY_DONE(read_networks(section, adapter));
  const bool is_policy = adapter.policy_of != PolicyOf::kNobody;
  const int said = (adapter.leads.empty() ? 0 : 1) + (adapter.pod_templates.empty() ? 0 : 1) +
                   (adapter.advertised.empty() ? 0 : 1) + (adapter.endpoints.empty() ? 0 : 1) +
                   (is_policy ? 1 : 0) + (adapter.networks ? 1 : 0);
  if (said != 1) {
    return malformed("needs leadsTo, podTemplates, advertises, endpoints, policyOf or networks, one of them",
                     section.path_of(""));
  }
  TRY(adapter.cluster_scoped, word(section, "scope", kScopes, false));
  if (adapter.cluster_scoped && !adapter.pod_templates.empty()) {
    return malformed(
        "'Cluster' is for kinds that advertise, lead, isolate or hold networks: what makes pods is "
        "namespaced",
        section.path_of("scope"));
  }
  if (adapter.cluster_scoped) TRY_DONE(check_namespaces(leads, adapter.leads));
  TRY(adapter.internal_only, word(section, "internalOnly", kFlags, false));
  if (adapter.internal_only && adapter.leads.empty()) {
    return malformed("is for kinds with leadsTo", section.path_of("internalOnly"));
  }
  return adapter;
}

}  // namespace

Result<Table> Table::parse(std::string_view yaml) {
  TRY(const Section root, Section::parse(yaml));
  TRY_DONE(root.allow({"version", "adapters"}));
  TRY(const std::string version, root.needed("version"));
  if (version != kFormatVersion) {
    return malformed("'" + version + "' is not known: this Berth reads version " + kFormatVersion, "version");
  }
  Table table;
  TRY(const std::vector<Section> entries, root.sections("adapters"));
  for (const Section& entry : entries) {
    TRY(Adapter adapter, read_adapter(entry));
    if (table.find(adapter.group, adapter.kind) != nullptr) {
      return malformed(adapter.kind + " of " + adapter.group + " stands twice", entry.path_of("kind"));
    }
    table.adapters_.push_back(std::move(adapter));
  }
  table.name_kinds();
  return table;
}

const Adapter* Table::find(std::string_view group, std::string_view kind) const {
  const auto found = std::find_if(adapters_.begin(), adapters_.end(), [&](const Adapter& adapter) {
    return adapter.group == group && adapter.kind == kind;
  });
  return found == adapters_.end() ? nullptr : &*found;
}

Table Table::joined(const Table& more) const {
  Table table;
  for (const Adapter& adapter : adapters_) {
    const Adapter* instead = more.find(adapter.group, adapter.kind);
    table.adapters_.push_back(instead != nullptr ? *instead : adapter);
  }
  for (const Adapter& adapter : more.adapters_) {
    if (find(adapter.group, adapter.kind) == nullptr) table.adapters_.push_back(adapter);
  }
  table.name_kinds();
  return table;
}

// Who stands first keeps the plain name, so that what is added renames nothing.
void Table::name_kinds() {
  std::set<std::string_view> taken(kWellKnown.begin(), kWellKnown.end());
  for (Adapter& adapter : adapters_) {
    const bool is_first = taken.insert(adapter.kind).second;
    adapter.shown_kind = is_first ? adapter.kind : adapter.kind + "." + adapter.group;
  }
}

}  // namespace berth::adapters
