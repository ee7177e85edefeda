#include "cli/loader/objects.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "cli/loader/limits.h"
#include "cli/loader/node_json.h"
#include "cli/loader/pod_carrier.h"
#include "cli/loader/policy_check.h"
#include "cli/loader/retired.h"
#include "core/exposure/ingress_entrance.h"
#include "core/exposure/route_entrance.h"
#include "core/exposure/stream_map.h"
#include "core/model/config_map.h"
#include "core/model/custom_object.h"
#include "kube/adapters/reading.h"
#include "kube/json/alb_action.h"
#include "kube/json/codec.h"

namespace berth::cli {
namespace {

Meta& meta_of_mutable(Model& model) { return const_cast<Meta&>(meta_of(model)); }

// A string without "{{"; texts that programs interpret themselves are not looked into.
const Node* find_template(const Node& node) {
  constexpr std::array<std::string_view, 8> kFree = {"annotations", "args",       "command",     "env",
                                                     "data",        "stringData", "description", "lifecycle"};
  if (const std::string* text = node.text()) return text->find("{{") == std::string::npos ? nullptr : &node;
  if (const Sequence* items = node.sequence()) {
    for (const Node& item : *items) {
      if (const Node* found = find_template(item)) return found;
    }
  }
  const Mapping* members = node.mapping();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (std::find(kFree.begin(), kFree.end(), member.key) != kFree.end()) continue;
    if (member.key.find("{{") != std::string::npos) return &node;
    if (const Node* found = find_template(member.value)) return found;
  }
  return nullptr;
}

// Digits only: the API server refuses such a name, so the number is meant (row 66 of exposure.md).
std::optional<std::int64_t> digits_only(const std::string& name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name.empty() || !digits || error != std::errc() || end != name.data() + name.size())
    return std::nullopt;
  return number;
}

class Loader {
 public:
  Loader(const std::string& ns, const adapters::Table& table, Problems& problems)
      : ns_(ns), table_(table), problems_(problems) {}

  void load(const std::string& file, Node& root, int depth) {
    if (root.mapping() == nullptr) {
      return error(file, root.mark,
                   std::string("a manifest is a mapping with apiVersion and kind, but here is ") +
                       type_name(root) +
                       (root.sequence() != nullptr ? "; put --- between objects, or use kind: List" : ""));
    }
    if (Node* items = find(root, "items"); items != nullptr && !items->is_null()) {
      return unwrap(file, root, *items, depth);
    }
    if (!check_text(file, root, "apiVersion", "v1") || !check_text(file, root, "kind", "Service")) return;
    load_one(file, root);
  }

  Loaded take() { return std::move(loaded_); }

 private:
  void error(const std::string& file, Mark mark, std::string message) {
    problems_.error(file, mark, std::move(message));
  }

  bool check_text(const std::string& file, const Node& root, const char* key, const char* example) {
    const Node* node = find(root, key);
    if (node != nullptr && node->text() != nullptr && !node->text()->empty()) return true;
    if (node != nullptr && !node->is_null() && node->text() == nullptr) {
      error(file, node->mark,
            std::string(key) + " is " + type_name(*node) + "; write a string such as " + example);
      return false;
    }
    const bool kustomization = file.ends_with("kustomization.yaml") || file.ends_with("kustomization.yml");
    const char* hint = kustomization
                           ? "; lint what it makes: kubectl kustomize DIRECTORY | berth lint -"
                           : "; a file that is no manifest (values.yaml) belongs outside the linted path";
    error(file, root.mark, std::string("the object has no ") + key + ", so no API server takes it" + hint);
    return false;
  }

  // Any object with `items` is a list to kubectl, whatever its kind. Elements of a ServiceList may leave out
  // what the list says already.
  void unwrap(const std::string& file, Node& root, Node& items, int depth) {
    if (depth >= kMaxDepth) return error(file, root.mark, "lists are nested too deep");
    if (items.sequence() == nullptr) {
      return error(file, items.mark,
                   std::string("items is ") + type_name(items) + "; write a list of objects");
    }
    const Node* list_kind = find(root, "kind");
    const Node* version = find(root, "apiVersion");
    std::string kind = list_kind != nullptr && list_kind->text() != nullptr ? *list_kind->text() : "";
    if (kind.ends_with("List")) kind.resize(kind.size() - 4);
    for (Node& item : *items.sequence()) {
      Mapping* members = item.mapping();
      if (members != nullptr && !kind.empty() && version != nullptr && find(item, "kind") == nullptr) {
        members->push_back({"kind", list_kind->mark, Node{list_kind->mark, kind}});
        if (find(item, "apiVersion") == nullptr) members->push_back({"apiVersion", version->mark, *version});
      }
      load(file, item, depth + 1);
    }
  }

  void load_one(const std::string& file, Node& root) {
    const std::string api_version = *find(root, "apiVersion")->text();
    const std::string kind = *find(root, "kind")->text();
    const KnownKind* known = find_kind(api_version, kind);
    if (known == nullptr) return load_by_table(file, root, api_version, kind);
    if (refused_as_template(file, root)) return;
    bring_up_to_date(root, *known);
    Object object{file, root.mark, kind};
    if (!decode(root, *known, object)) return;
    if (const auto* policy = std::get_if<ExposurePolicy>(&object.model)) {
      for (PolicyFault& fault : check_policy(root, *policy))
        error(file, fault.mark, std::move(fault.message));
    } else {
      for (NearField& near : near_fields(root)) problems_.warning(file, near.mark, std::move(near.message));
    }
    keep(root, std::move(object), known->namespaced);
  }

  // Kinds that an adapter reads, or that make pods by the look of them.
  void load_by_table(const std::string& file, const Node& root, const std::string& api_version,
                     const std::string& kind) {
    const adapters::Adapter* adapter = table_.find(group_of(api_version), kind);
    std::optional<Workload> carrier;
    if (adapter == nullptr) {
      // What no API server knows makes no pods.
      std::optional<std::string> near = near_kind(api_version, kind);
      if (!near) carrier = as_pod_carrier(root);
      if (near) problems_.warning(file, find(root, "kind")->mark, *std::move(near));
      if (!carrier) {
        ++loaded_.other_kinds;
        return;
      }
    }
    if (refused_as_template(file, root)) return;
    const std::string group(group_of(api_version));
    Object object{file, root.mark, group.empty() ? kind : kind + "." + group};
    if (adapter != nullptr) object.kind = adapter->shown_kind;
    if (adapter != nullptr) {
      if (!decode_by_adapter(root, *adapter, object)) return;
    } else {
      carrier->api_version = api_version;
      carrier->kind = object.kind;
      object.model = *std::move(carrier);
    }
    keep(root, std::move(object), adapter == nullptr || !adapter->cluster_scoped);
  }

  bool refused_as_template(const std::string& file, const Node& root) {
    const Node* left = find_template(root);
    if (left == nullptr) return false;
    error(file, left->mark,
          "a template (\"{{\") was not rendered; lint the rendered output, for example: helm template "
          "CHART | berth lint -");
    return true;
  }

  void keep(const Node& root, Object object, bool namespaced) {
    Meta& meta = meta_of_mutable(object.model);
    if (meta.name.empty() && meta.generate_name.empty()) {
      return error(object.file, root.mark, "the " + object.kind + " has no metadata.name; write one");
    }
    if (!namespaced) {
      meta.ns.clear();
    } else if (meta.ns.empty()) {
      meta.ns = ns_;
    }
    read_digits(root, object);
    loaded_.objects.push_back(std::move(object));
  }

  bool decode_by_adapter(const Node& root, const adapters::Adapter& adapter, Object& object) {
    std::optional<CustomObject> custom = decoded<CustomObject>(root, object);
    if (!custom) return false;
    if (custom->meta.ns.empty()) custom->meta.ns = ns_;  // where its Services are
    auto read = adapters::read(adapter, *custom);
    if (!read.ok()) {
      error(object.file, locate(root, read.error().field).mark, object.kind + ": " + read.error().message);
      return false;
    }
    std::visit([&](auto& made) { object.model = std::move(made); }, *read);
    return true;
  }

  template <class T>
  std::optional<T> decoded(const Node& root, const Object& object) {
    Result<T> decoded = json::decode<T>(to_json(root));
    if (decoded.ok()) return std::move(decoded).value();
    error(object.file, locate(root, decoded.error().field).mark,
          object.kind + ": " + decoded.error().message);
    return std::nullopt;
  }

  template <class T>
  bool decode_as(const Node& root, Object& object) {
    std::optional<T> model = decoded<T>(root, object);
    if (!model) return false;
    object.model = *std::move(model);
    return true;
  }

  bool decode_ingress(const Node& root, Object& object) {
    std::optional<Ingress> ingress = decoded<Ingress>(root, object);
    if (!ingress) return false;
    if (ingress->meta.ns.empty()) ingress->meta.ns = ns_;  // where its Services are
    read_digits(root, object, *ingress);
    object.model = exposure::entrance_of(*ingress, json::read_alb_action);
    return true;
  }

  bool decode_route(const Node& root, Object& object) {
    std::optional<Route> route = decoded<Route>(root, object);
    if (!route) return false;
    if (route->meta.ns.empty()) route->meta.ns = ns_;  // where its Gateway and its Services are
    object.model = exposure::entrance_of(*route);
    return true;
  }

  // One that forwards no stream is nobody's way out.
  bool decode_config_map(const Node& root, Object& object) {
    const std::optional<ConfigMap> config_map = decoded<ConfigMap>(root, object);
    if (!config_map) return false;
    Entrance entrance = exposure::entrance_of(*config_map);
    if (entrance.targets.empty()) {
      ++loaded_.other_kinds;
      return false;
    }
    object.model = std::move(entrance);
    return true;
  }

  bool decode(const Node& root, const KnownKind& known, Object& object) {
    switch (known.role) {
      case Role::kService:
        return decode_as<Service>(root, object);
      case Role::kWorkload:
        return decode_as<Workload>(root, object);
      case Role::kIngress:
        return decode_ingress(root, object);
      case Role::kGateway:
        return decode_as<Gateway>(root, object);
      case Role::kRoute:
        return decode_route(root, object);
      case Role::kGrant:
        return decode_as<ReferenceGrant>(root, object);
      case Role::kEndpoints:
        return decode_as<EndpointSlice>(root, object);
      case Role::kNetworkPolicy:
        return decode_as<NetworkPolicy>(root, object);
      case Role::kConfigMap:
        return decode_config_map(root, object);
      case Role::kNamespace:
        return decode_as<Namespace>(root, object);
      case Role::kAllocation:
        return decode_as<PortAllocation>(root, object);
      case Role::kPolicy:
        return decode_as<ExposurePolicy>(root, object);
      case Role::kRange:
        return decode_as<PortRange>(root, object);
    }
    return false;
  }

  void warn_digits(const Node& root, const Object& object, const std::string& path, const std::string& name) {
    problems_.warning(object.file, locate(root, path).mark,
                      path + " \"" + name +
                          "\" is a string of digits, which the API server refuses as a name; " +
                          "judged as the number " + name + ", so write it without quotes");
  }

  void read_digits(const Node& root, Object& object) {
    if (auto* service = std::get_if<Service>(&object.model)) {
      for (std::size_t i = 0; i < service->ports.size(); ++i) {
        read_target(root, object, "spec.ports[" + std::to_string(i) + "].targetPort",
                    service->ports[i].target_port);
      }
    } else if (auto* allocation = std::get_if<PortAllocation>(&object.model)) {
      for (std::size_t i = 0; i < allocation->spec.ports.size(); ++i) {
        read_target(root, object, "spec.ports[" + std::to_string(i) + "].targetPort",
                    allocation->spec.ports[i].target_port);
      }
    }
  }

  void read_digits(const Node& root, const Object& object, Ingress& ingress) {
    if (ingress.default_backend) read_backend(root, object, "spec.defaultBackend", *ingress.default_backend);
    for (std::size_t i = 0; i < ingress.rules.size(); ++i) {
      for (std::size_t k = 0; k < ingress.rules[i].paths.size(); ++k) {
        read_backend(root, object,
                     "spec.rules[" + std::to_string(i) + "].http.paths[" + std::to_string(k) + "].backend",
                     ingress.rules[i].paths[k].backend);
      }
    }
  }

  void read_target(const Node& root, const Object& object, const std::string& path, TargetPort& target) {
    const std::string* name = std::get_if<std::string>(&target);
    if (name == nullptr) return;
    if (const std::optional<std::int64_t> number = digits_only(*name)) {
      warn_digits(root, object, path, *name);
      target = *number;
    }
  }

  void read_backend(const Node& root, const Object& object, const std::string& path,
                    IngressBackend& backend) {
    if (const std::optional<std::int64_t> number = digits_only(backend.port_name)) {
      warn_digits(root, object, path + ".service.port.name", backend.port_name);
      backend.port_number = *number;
      backend.port_name.clear();
    }
  }

  const std::string& ns_;
  const adapters::Table& table_;
  Problems& problems_;
  Loaded loaded_;
};

}  // namespace

const Meta& meta_of(const Model& model) {
  return std::visit([](const auto& object) -> const Meta& { return object.meta; }, model);
}

std::string Object::name() const {
  const Meta& meta = meta_of(model);
  const std::string shown = meta.name.empty() ? meta.generate_name + "*" : meta.name;
  return kind + " " + to_string(ObjectKey{meta.ns, shown});
}

std::string Object::identity() const { return meta_of(model).name.empty() ? "" : name(); }

Loaded load_objects(std::vector<Document> documents, const std::string& ns, Problems& problems,
                    const adapters::Table& table) {
  Loader loader(ns, table, problems);
  for (Document& document : documents) loader.load(document.file, document.root, 0);
  return loader.take();
}

}  // namespace berth::cli
