#include "kube/testing/fake_services.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "kube/testing/fake_status.h"

namespace berth::testing {
namespace {

using json::Tree;

// Shown for an automatic number in a dry run, whatever the range is (measured).
constexpr std::int64_t kDryRunNumber = 32769;

std::string type_of(const Tree& service) {
  const std::string type = service.text_at({"spec", "type"});
  return type.empty() ? "ClusterIP" : type;
}

bool publishes(const Tree& service) {
  const std::string type = type_of(service);
  if (type == "NodePort") return true;
  return type == "LoadBalancer";
}

// A LoadBalancer may do without numbers.
bool wants_automatic(const Tree& service) {
  if (type_of(service) == "NodePort") return true;
  if (type_of(service) != "LoadBalancer") return false;
  const Tree* allocate = service.find({"spec", "allocateLoadBalancerNodePorts"});
  return allocate == nullptr || allocate->is_null() || std::get_if<bool>(&allocate->value) == nullptr ||
         std::get<bool>(allocate->value);
}

Tree::List* ports_of(Tree& service) {
  Tree::Object* spec = std::get_if<Tree::Object>(&service["spec"].value);
  if (spec == nullptr) return nullptr;
  const auto ports = spec->find("ports");
  return ports == spec->end() ? nullptr : std::get_if<Tree::List>(&ports->second.value);
}

std::string protocol_of(const Tree& port) {
  const std::string protocol = port.text_at({"protocol"});
  return protocol.empty() ? "TCP" : protocol;
}

std::set<std::int64_t> numbers_of(const Tree& service) {
  std::set<std::int64_t> numbers;
  const Tree* ports = service.find({"spec", "ports"});
  if (ports != nullptr && ports->as_list() != nullptr) {
    for (const Tree& port : *ports->as_list()) numbers.insert(port.number_at({"nodePort"}));
  }
  numbers.insert(service.number_at({"spec", "healthCheckNodePort"}));
  numbers.erase(0);
  return numbers;
}

std::int64_t number_before(const Tree* present, const Tree& port) {
  const Tree* ports = present == nullptr ? nullptr : present->find({"spec", "ports"});
  if (ports == nullptr || ports->as_list() == nullptr) return 0;
  for (const Tree& old : *ports->as_list()) {
    if (old.number_at({"port"}) == port.number_at({"port"}) && protocol_of(old) == protocol_of(port)) {
      return old.number_at({"nodePort"});
    }
  }
  return 0;
}

struct Refusal {
  const ObjectKey& key;
  http::Response operator()(std::string reason, std::string field, std::string message) const {
    return invalid(wire::kService, key.name,
                   FieldCause{std::move(reason), std::move(field), std::move(message)});
  }
};

// Fills what the API server fills in each port, and refuses what it refuses.
std::optional<http::Response> complete_port(const Refusal& refuse, Tree& port, const std::string& field) {
  if (port.text_at({"protocol"}).empty()) port["protocol"].value = "TCP";
  const std::int64_t number = port.number_at({"port"});
  if (number < 1 || number > 65535) {
    return refuse("FieldValueInvalid", field + ".port",
                  "Invalid value: " + std::to_string(number) + ": must be between 1 and 65535, inclusive");
  }
  const Tree* target = port.find({"targetPort"});
  const std::string* name = target == nullptr ? nullptr : target->as_text();
  const std::int64_t* target_number = target == nullptr ? nullptr : target->as_number();
  if (name != nullptr && !name->empty()) {
    const bool letter = std::any_of(name->begin(), name->end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!letter) {
      return refuse("FieldValueInvalid", field + ".targetPort",
                    "Invalid value: \"" + *name + "\": must contain at least one letter (a-z)");
    }
  } else if (target_number != nullptr && *target_number != 0) {
    if (*target_number < 1 || *target_number > 65535) {
      return refuse(
          "FieldValueInvalid", field + ".targetPort",
          "Invalid value: " + std::to_string(*target_number) + ": must be between 1 and 65535, inclusive");
    }
  } else {
    port["targetPort"].value = number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<http::Response> FakeServices::admit(const ObjectKey& key, const Tree* present, Tree& wanted,
                                                  bool dry_run) {
  const Refusal refuse{key};
  Tree& spec = wanted["spec"];
  if (spec.text_at({"type"}).empty()) spec["type"].value = "ClusterIP";
  const std::string type = type_of(wanted);
  if (spec.text_at({"sessionAffinity"}).empty()) spec["sessionAffinity"].value = "None";
  if (type != "ExternalName" && spec.text_at({"clusterIP"}).empty()) {
    const std::string before = present == nullptr ? "" : present->text_at({"spec", "clusterIP"});
    const std::int64_t n = before.empty() ? next_address_++ : 0;
    spec["clusterIP"].value =
        before.empty() ? "10.96." + std::to_string(n / 250) + "." + std::to_string(n % 250 + 1) : before;
  }
  if (publishes(wanted) && spec.text_at({"externalTrafficPolicy"}).empty()) {
    spec["externalTrafficPolicy"].value = "Cluster";
  }
  if (type == "LoadBalancer" && spec.find({"allocateLoadBalancerNodePorts"}) == nullptr) {
    spec["allocateLoadBalancerNodePorts"].value = true;
  }

  Tree::List none;
  Tree::List* found = ports_of(wanted);
  Tree::List& ports = found == nullptr ? none : *found;
  const bool was_published = present != nullptr && publishes(*present);
  const std::set<std::int64_t> own = present == nullptr ? std::set<std::int64_t>() : numbers_of(*present);

  std::set<std::pair<std::int64_t, std::string>> seen;
  std::set<std::pair<std::int64_t, std::string>> seen_numbers;
  std::set<std::string> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    Tree& port = ports[i];
    const std::string field = "spec.ports[" + std::to_string(i) + "]";
    if (auto refusal = complete_port(refuse, port, field)) return refusal;
    const std::string name = port.text_at({"name"});
    if (name.empty() && ports.size() > 1) {
      return refuse("FieldValueRequired", field + ".name", "Required value");
    }
    if (!name.empty() && !names.insert(name).second) {
      return refuse("FieldValueDuplicate", field + ".name", "Duplicate value: \"" + name + "\"");
    }
    if (!seen.emplace(port.number_at({"port"}), protocol_of(port)).second) {
      return refuse("FieldValueDuplicate", field, "Duplicate value");
    }
    const std::int64_t number = port.number_at({"nodePort"});
    if (!publishes(wanted)) {
      // A number left over from before the change of type is dropped; a new one is a mistake.
      if (number != 0 && !(was_published && own.contains(number))) {
        return refuse("FieldValueForbidden", field + ".nodePort",
                      "Forbidden: may not be used when `type` is '" + type + "'");
      }
      port.erase({"nodePort"});
      continue;
    }
    if (number != 0 && !seen_numbers.emplace(number, protocol_of(port)).second) {
      return refuse("FieldValueDuplicate", field + ".nodePort", "Duplicate value: " + std::to_string(number));
    }
  }
  if (!publishes(wanted)) return std::nullopt;

  // Explicit numbers first: an automatic one must not take what is asked for further down.
  std::map<std::int64_t, bool> chosen;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    std::int64_t number = ports[i].number_at({"nodePort"});
    if (number == 0 && was_published) {
      number = number_before(present, ports[i]);
      if (number != 0) ports[i]["nodePort"].value = number;
    }
    if (number == 0) continue;
    const std::string field = "spec.ports[" + std::to_string(i) + "].nodePort";
    const std::string said = "Invalid value: " + std::to_string(number) + ": ";
    chosen[number] = true;
    if (own.contains(number)) continue;
    if (number < low_ || number > high_) {
      return refuse("FieldValueInvalid", field,
                    said + "provided port is not in the valid range. The range of valid ports is " +
                        std::to_string(low_) + "-" + std::to_string(high_));
    }
    if (taken(number)) {
      return refuse("FieldValueInvalid", field, said + "provided port is already allocated");
    }
  }
  for (std::size_t i = 0; wants_automatic(wanted) && i < ports.size(); ++i) {
    if (ports[i].number_at({"nodePort"}) != 0) continue;
    if (dry_run) {
      ports[i]["nodePort"].value = kDryRunNumber;
      continue;
    }
    // TCP and UDP on one `port` share one number.
    std::int64_t number = 0;
    for (const Tree& other : ports) {
      if (other.number_at({"port"}) == ports[i].number_at({"port"}) && &other != &ports[i]) {
        number = std::max(number, other.number_at({"nodePort"}));
      }
    }
    if (number == 0) number = free_number(chosen);
    if (number == 0) {
      return status_response(500, "InternalError", "failed to allocate a nodePort: range is full",
                             &wire::kService, key.name);
    }
    chosen[number] = true;
    ports[i]["nodePort"].value = number;
  }

  if (type == "LoadBalancer" && spec.text_at({"externalTrafficPolicy"}) == "Local") {
    std::int64_t number = spec.number_at({"healthCheckNodePort"});
    if (number == 0) number = present == nullptr ? 0 : present->number_at({"spec", "healthCheckNodePort"});
    if (number != 0 && !own.contains(number) && taken(number)) {
      return status_response(500, "InternalError",
                             "Internal error occurred: failed to allocate requested HealthCheck NodePort " +
                                 std::to_string(number) + ": provided port is already allocated",
                             &wire::kService, key.name);
    }
    if (number == 0) number = dry_run ? kDryRunNumber : free_number(chosen);
    spec["healthCheckNodePort"].value = number;
  } else {
    spec.erase({"healthCheckNodePort"});
  }
  return std::nullopt;
}

void FakeServices::committed(const Tree* before, const Tree* after) {
  if (before != nullptr) {
    for (const std::int64_t number : numbers_of(*before)) {
      const auto held = taken_.find(number);
      if (held != taken_.end() && --held->second == 0) taken_.erase(held);
    }
  }
  if (after != nullptr) {
    for (const std::int64_t number : numbers_of(*after)) ++taken_[number];
  }
}

std::int64_t FakeServices::free_number(const std::map<std::int64_t, bool>& chosen) const {
  // The low band is kept for explicit numbers (KEP-3668): min(max(16, size / 32), 128).
  const std::int64_t size = high_ - low_ + 1;
  const std::int64_t band =
      size < 32 ? 0 : std::min<std::int64_t>(std::max<std::int64_t>(16, size / 32), 128);
  const auto free = [&](std::int64_t number) { return !taken(number) && !chosen.contains(number); };
  for (std::int64_t number = low_ + band; number <= high_; ++number) {
    if (free(number)) return number;
  }
  for (std::int64_t number = low_; number < low_ + band; ++number) {
    if (free(number)) return number;
  }
  return 0;
}

}  // namespace berth::testing
