#include "kube/adapters/reading.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "core/model/external_name.h"
#include "core/model/network_policy.h"
#include "kube/adapters/calico_policy.h"
#include "kube/adapters/cilium_policy.h"
#include "kube/adapters/pod_templates.h"
#include "kube/adapters/policy_parts.h"
#include "kube/json/codec.h"
#include "kube/json/tree.h"

namespace berth::adapters {
namespace {

using json::Tree;

Tree tree_of(const Labels& labels) {
  Tree::Object members;
  for (const auto& [key, value] : labels) members.emplace(key, Tree::text(value));
  return Tree{std::move(members)};
}

// The parts of the object that a path may look at.
Result<Tree> tree_of(const CustomObject& object) {
  Tree tree = Tree::object();
  for (const auto& [member, text] :
       {std::pair("spec", &object.spec), {"specs", &object.specs}, {"webhooks", &object.webhooks}}) {
    if (text->empty()) continue;
    TRY(tree[member], json::parse_tree(*text));
  }
  tree.at({"metadata", "name"}) = Tree::text(object.meta.name);
  tree.at({"metadata", "annotations"}) = tree_of(object.meta.annotations);
  tree.at({"metadata", "labels"}) = tree_of(object.meta.labels);
  return tree;
}

bool holds(const std::string& wanted, const std::string& found) {
  if (wanted == "*") return true;
  if (wanted.starts_with('!')) return found != wanted.substr(1);
  return wanted == found;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One element of an object that leads somewhere, and where paths look.
class Place {
 public:
  Place(const Tree& object, Path::Found element) : object_(object), element_(std::move(element)) {}

  [[nodiscard]] const std::string& field() const { return element_.field; }

  [[nodiscard]] std::vector<Path::Found> find(const Path& path) const {
    return path.is_relative() ? path.find(*element_.value, element_.field) : path.find(object_);
  }

  [[nodiscard]] std::optional<Path::Found> first(const Path& path) const {
    auto all = find(path);
    return all.empty() ? std::nullopt : std::optional(std::move(all.front()));
  }

  [[nodiscard]] bool meets_all(const std::vector<Condition>& when,
                               const std::vector<Condition>& unless) const {
    const auto met = [&](const Condition& condition) { return meets(condition); };
    return std::all_of(when.begin(), when.end(), met) && std::none_of(unless.begin(), unless.end(), met);
  }

 private:
  [[nodiscard]] bool meets(const Condition& condition) const {
    const auto all = find(condition.path);
    return std::any_of(all.begin(), all.end(), [&](const Path::Found& found) {
      const std::string text = text_of(*found.value);
      return std::any_of(condition.values.begin(), condition.values.end(),
                         [&](const std::string& wanted) { return holds(wanted, text); });
    });
  }

  const Tree& object_;
  Path::Found element_;
};

// The elements of an object that count, or the object itself.
std::vector<Place> places_of(const std::optional<Path>& each, const Tree& tree) {
  std::vector<Place> places;
  if (!each) return {Place(tree, {&tree, ""})};
  for (Path::Found& element : each->find(tree)) places.emplace_back(tree, std::move(element));
  return places;
}

class EntranceReader {
 public:
  EntranceReader(const Adapter& adapter, const CustomObject& object, const Tree& tree)
      : adapter_(adapter), object_(object), tree_(tree) {
    entrance_.meta = object.meta;
    entrance_.kind = adapter.shown_kind;
    entrance_.via = adapter.leads.front().via;
    entrance_.by_host = false;
    entrance_.internal_only = adapter.internal_only;
  }

  Entrance read() {
    for (const Lead& lead : adapter_.leads) {
      for (const Place& place : places_of(lead.each, tree_)) read_place(lead, place);
    }
    return std::move(entrance_);
  }

 private:
  void read_place(const Lead& lead, const Place& place) {
    if (!place.meets_all(lead.when, lead.unless)) return;
    EntranceTarget target;
    target.ns = object_.meta.ns;
    target.via = lead.via;
    target.ends_tls = lead.ends_tls;
    target.protocol = lead.protocol;
    target.sign = lead.each ? lead.each->text() : "";
    if (lead.named_by != NamedBy::kNothing && !read_name(lead, place, target)) return;
    if (lead.ns) {
      const auto ns = place.first(*lead.ns);
      const std::string text = ns ? text_of(*ns->value) : "";
      if (!text.empty()) target.ns = text;
    }
    read_port(lead, place, target);
    target.shown = number(lead.shown, place).value_or(0);
    if (lead.host) {
      entrance_.by_host = true;
      const auto host = place.first(*lead.host);
      if (host) target.host = text_of(*host->value);
    }
    const bool is_number = lead.named_by == NamedBy::kNothing;
    if (is_number && target.port_number == 0 && target.unknown.empty()) return;
    if (lead.port_is == PortIs::kListener) {
      target.shown = target.port_number;
      target.is_listener = true;
    }
    target.by_target_port = lead.port_is == PortIs::kTargetPort;
    if (target.sign.empty()) target.sign = lead.when.empty() ? "" : lead.when.front().path.text();
    entrance_.targets.push_back(std::move(target));
  }

  // False: nothing of the cluster is named here.
  static bool read_name(const Lead& lead, const Place& place, EntranceTarget& target) {
    const auto found = place.first(lead.name);
    if (!found) return false;
    std::string text = text_of(*found->value);
    if (text.empty()) {
      target.unknown = found->field + " is no name";
      return true;
    }
    if (lead.named_by == NamedBy::kService) {
      target.service = std::move(text);
      return true;
    }
    if (lead.named_by == NamedBy::kAddress) split_address(text, target);
    if (text.find('.') == std::string::npos) {
      target.service = std::move(text);
      return true;
    }
    const auto named = service_named(text);
    if (!named && !lead.other_names_unknown) return false;  // somewhere beyond the cluster
    if (!named) {
      target.unknown = "another object may say where " + text + " leads";
      return true;
    }
    target.ns = named->ns;
    target.service = named->name;
    return true;
  }

  // "tcp://db.data:5432" -> "db.data" and the port.
  static void split_address(std::string& text, EntranceTarget& target) {
    const std::size_t scheme = text.find("://");
    if (scheme != std::string::npos) text.erase(0, scheme + 3);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return;
    set_port(text.substr(colon + 1), target);
    text.resize(colon);
  }

  static void set_port(const std::string& text, EntranceTarget& target) {
    if (const auto number = whole_number(text)) {
      target.port_number = *number;
    } else {
      target.port_name = text;
    }
  }

  static void read_port(const Lead& lead, const Place& place, EntranceTarget& target) {
    if (const auto* number = std::get_if<std::int64_t>(&lead.port)) {
      target.port_number = *number;
    } else if (const auto* path = std::get_if<Path>(&lead.port)) {
      if (const auto found = place.first(*path)) {
        const std::string text = text_of(*found->value);
        if (text.empty()) target.unknown = found->field + " is no port";
        set_port(text, target);
        target.number_field = found->field;
      }
    }
    target.every_port = lead.port_is == PortIs::kEvery;
    target.first_port = !target.every_port && !target.service.empty() && target.port_name.empty() &&
                        target.port_number == 0 && target.unknown.empty();
  }

  static std::optional<std::int64_t> number(const NumberOrPath& written, const Place& place) {
    if (const auto* number = std::get_if<std::int64_t>(&written)) return *number;
    const auto* path = std::get_if<Path>(&written);
    const auto found = path == nullptr ? std::nullopt : place.first(*path);
    return found ? whole_number(text_of(*found->value)) : std::nullopt;
  }

  const Adapter& adapter_;
  const CustomObject& object_;
  const Tree& tree_;
  Entrance entrance_;
};

// Templates as core/v1 PodTemplates, which the codec knows how to read.
Result<Workload> read_workload(const Adapter& adapter, const CustomObject& object, const Tree& tree) {
  Workload workload;
  workload.api_version = object.api_version;
  workload.kind = adapter.shown_kind;
  workload.meta = object.meta;
  for (const Path& path : adapter.pod_templates) {
    for (const Path::Found& found : path.find(tree)) {
      Tree wrapped = Tree::object();
      wrapped["apiVersion"] = Tree::text("v1");
      wrapped["kind"] = Tree::text("PodTemplate");
      wrapped["metadata"] = Tree::object();
      wrapped["template"] = *found.value;
      auto read = json::decode<Workload>(json::print_tree(wrapped));
      if (!read.ok()) {
        Error error = read.error();
        error.field = found.field + error.field.substr(std::min(error.field.size(), sizeof("template") - 1));
        return error;
      }
      join_templates(workload, *std::move(read));
    }
  }
  return workload;
}

// As the selector of a NetworkPolicy, which the codec knows how to read.
Result<LabelSelector> read_selector(const Path::Found& found) {
  Tree wrapped = Tree::object();
  wrapped.at({"spec", "podSelector"}) = *found.value;
  auto read = json::decode<NetworkPolicy>(json::print_tree(wrapped));
  if (read.ok()) return read->pod_selector;
  Error error = read.error();
  constexpr std::size_t kWrapping = sizeof("spec.podSelector") - 1;
  error.field = found.field + error.field.substr(std::min(error.field.size(), kWrapping));
  return error;
}

Result<Advertisement> read_advertisement(const Adapter& adapter, const CustomObject& object,
                                         const Tree& tree) {
  Advertisement made;
  made.kind = adapter.shown_kind;
  made.meta = object.meta;
  for (const Advertised& advertised : adapter.advertised) {
    for (const Place& place : places_of(advertised.each, tree)) {
      if (!place.meets_all(advertised.when, advertised.unless)) continue;
      AdvertisedAddresses part;
      if (advertised.network) {
        for (const Path::Found& found : place.find(*advertised.network)) {
          part.networks.push_back(text_of(*found.value));
        }
        if (part.networks.empty()) continue;
      }
      if (advertised.selector) {
        if (const auto found = place.first(*advertised.selector)) {
          TRY(part.selector, read_selector(*found));
        }
      }
      made.addresses.push_back(std::move(part));
    }
  }
  return made;
}

// What the port of an endpoint is, or why that is not known.
void read_port(const NumberOrPath& written, const Place& place, BackendEndpoint& endpoint) {
  if (const auto* fixed = std::get_if<std::int64_t>(&written)) endpoint.port = *fixed;
  const auto* path = std::get_if<Path>(&written);
  if (path == nullptr) return;
  const auto found = place.first(*path);
  const auto number = found ? whole_number(text_of(*found->value)) : std::nullopt;
  if (number && Port::checked(*number)) {
    endpoint.port = *number;
  } else {
    endpoint.unknown = found ? found->field + " is no port" : "it has no " + path->text();
  }
}

void read_labels(const Tree& tree, Labels& labels) {
  const auto* members = std::get_if<Tree::Object>(&tree.value);
  if (members == nullptr) return;
  for (const auto& [key, value] : *members) labels.emplace(key, text_of(value));
}

std::string nobody_can_tell(const Endpoint& part, const Place& place) {
  const Condition& first = part.when.empty() ? part.unless.front() : part.when.front();
  const auto found = place.first(first.path);
  const std::string text = found ? text_of(*found->value) : "";
  return "nothing in it says where it leads, for " + first.path.text() + " is " +
         (text.empty() ? (found ? "there" : "not there") : text);
}

Backend read_backend(const Adapter& adapter, const CustomObject& object, const Tree& tree) {
  Backend made;
  made.kind = adapter.shown_kind;
  made.reference_kind = adapter.group + "/" + adapter.kind;
  made.meta = object.meta;
  for (const Endpoint& part : adapter.endpoints) {
    for (const Place& place : places_of(part.each, tree)) {
      if (!place.meets_all(part.when, part.unless)) continue;
      BackendEndpoint endpoint;
      if (const auto& path = part.host ? part.host : part.labels) {
        const auto found = place.first(*path);
        if (!found) continue;
        if (part.host) endpoint.host = text_of(*found->value);
        if (part.labels) read_labels(*found->value, endpoint.selector);
        if (endpoint.host.empty() && endpoint.selector.empty())
          endpoint.unknown = found->field + (part.host ? " is no name" : " are no labels");
        else
          read_port(part.port, place, endpoint);
      } else {
        endpoint.unknown = nobody_can_tell(part, place);
      }
      made.endpoints.push_back(std::move(endpoint));
    }
  }
  return made;
}

// What is no text is a network that cannot be read.
NetworkSet read_set(const Adapter& adapter, const CustomObject& object, const Tree& tree) {
  NetworkSet made;
  made.kind = adapter.shown_kind;
  made.project = adapter.selected_by == PolicyOf::kCilium ? PolicyProject::kCilium : PolicyProject::kCalico;
  made.meta = object.meta;
  made.meta.annotations.clear();  // they may say all of it once more
  if (adapter.cluster_scoped) made.meta.ns.clear();
  for (const Path::Found& found : adapter.networks->find(tree)) {
    made.networks.push_back(network_text(text_of(*found.value)));
  }
  return made;
}

}  // namespace

Result<Read> read(const Adapter& adapter, const CustomObject& object) {
  TRY(const Tree tree, tree_of(object));
  if (adapter.policy_of != PolicyOf::kNobody) {
    NetworkPolicy policy =
        adapter.policy_of == PolicyOf::kCilium ? read_cilium_policy(tree) : read_calico_policy(tree);
    policy.kind = adapter.shown_kind;
    policy.meta = object.meta;
    policy.cluster_wide = adapter.cluster_scoped;
    if (policy.cluster_wide) policy.meta.ns.clear();
    return Read(std::move(policy));
  }
  if (adapter.networks) return Read(read_set(adapter, object, tree));
  if (!adapter.advertised.empty()) {
    TRY(Advertisement advertisement, read_advertisement(adapter, object, tree));
    return Read(std::move(advertisement));
  }
  if (!adapter.endpoints.empty()) return Read(read_backend(adapter, object, tree));
  if (adapter.leads.empty()) {
    TRY(Workload workload, read_workload(adapter, object, tree));
    return Read(std::move(workload));
  }
  return Read(EntranceReader(adapter, object, tree).read());
}

}  // namespace berth::adapters
