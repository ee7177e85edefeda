#include "core/exposure/written_numbers.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/exposure/attachments.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/field_path.h"
#include "core/exposure/rule_catalogue.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

struct WrittenNumber {
  std::string field;
  std::int64_t number;
  Protocol protocol;

  auto operator<=>(const WrittenNumber&) const = default;
};

class Numbers {
 public:
  void add(std::string field, std::int64_t number, Protocol protocol) {
    list_.push_back({std::move(field), number, protocol});
  }
  void add_unless_zero(std::string field, std::int64_t number, Protocol protocol) {
    if (number != 0) add(std::move(field), number, protocol);
  }
  std::vector<WrittenNumber> take() { return std::move(list_); }

 private:
  std::vector<WrittenNumber> list_;
};

void read(const Service& service, Numbers& numbers) {
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    const ServicePort& port = service.ports[i];
    const std::string field = indexed("spec.ports", i);
    numbers.add(field + ".port", port.port, port.protocol);
    const Target target = target_of(port);
    const std::int64_t* number = std::get_if<std::int64_t>(&target);
    // An absent target is the Service port once more.
    if (number != nullptr && *number != port.port) numbers.add(field + ".targetPort", *number, port.protocol);
    numbers.add_unless_zero(field + ".nodePort", port.node_port, port.protocol);
  }
  numbers.add_unless_zero("spec.healthCheckNodePort", service.health_check_node_port, Protocol::kTcp);
}

void read(const Entrance& entrance, Numbers& numbers) {
  for (const EntranceTarget& target : entrance.targets) {
    const bool by_number = target.port_name.empty() && !target.first_port && !target.every_port;
    if (!by_number || !target.resource.empty() || !target.unknown.empty()) continue;
    if (target.number_field.empty()) continue;  // no number of the object's own
    numbers.add(target.number_field, target.port_number, target.protocol.value_or(Protocol::kTcp));
  }
}

void read(const Gateway& gateway, Numbers& numbers) {
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    const GatewayListener& listener = gateway.listeners[i];
    // A ListenerSet may leave the number to its controller.
    numbers.add_unless_zero(indexed("spec.listeners", i) + ".port", listener.port, protocol_of(listener));
  }
}

void read(const ReferenceGrant&, Numbers&) {}
void read(const Advertisement&, Numbers&) {}
void read(const NetworkSet&, Numbers&) {}
void read(const Backend&, Numbers&) {}  // the numbers of others, and those that are no port lead nowhere

// Whom a policy keeps from going out is about numbers of others.
void read(const NetworkPolicy& policy, Numbers& numbers) {
  for (std::size_t i = 0; i < policy.ingress.size(); ++i) {
    for (std::size_t k = 0; k < policy.ingress[i].ports.size(); ++k) {
      const NetworkPolicyPort& port = policy.ingress[i].ports[k];
      const std::string field = indexed(indexed("spec.ingress", i) + ".ports", k);
      numbers.add_unless_zero(field + ".port", port.port, port.protocol);
      numbers.add_unless_zero(field + ".endPort", port.end_port, port.protocol);
    }
  }
}

void read(const EndpointSlice& slice, Numbers& numbers) {
  const bool is_slice = slice.kind != "Endpoints";
  for (std::size_t i = 0; i < slice.subsets.size(); ++i) {
    const std::string ports = is_slice ? "ports" : indexed("subsets", i) + ".ports";
    for (std::size_t k = 0; k < slice.subsets[i].ports.size(); ++k) {
      const EndpointPort& port = slice.subsets[i].ports[k];
      numbers.add_unless_zero(indexed(ports, k) + ".port", port.port, port.protocol);
    }
  }
}

void read(const Workload& workload, Numbers& numbers) {
  const auto read_list = [&](const std::vector<Container>& containers, const std::string& list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      for (std::size_t k = 0; k < containers[i].ports.size(); ++k) {
        const ContainerPort& port = containers[i].ports[k];
        const std::string field = indexed(indexed(list, i) + ".ports", k);
        numbers.add(field + ".containerPort", port.container_port, port.protocol);
        numbers.add_unless_zero(field + ".hostPort", port.host_port, port.protocol);
      }
    }
  };
  read_list(workload.pod.containers, "containers");
  read_list(workload.pod.init_containers, "initContainers");
  read_list(workload.pod.ephemeral_containers, "ephemeralContainers");
}

std::vector<WrittenNumber> numbers_of(const Subject& subject) {
  Numbers numbers;
  std::visit([&](const auto* object) { read(*object, numbers); }, subject);
  return numbers.take();
}

template <class T>
std::string kind_of(const T& object) {
  return object.kind;
}
std::string kind_of(const Service&) { return "Service"; }

std::string subject_text(const Subject& subject) {
  return std::visit([](const auto* object) { return object_text(kind_of(*object), object->meta); }, subject);
}

bool has_controller(const Subject& subject) {
  const auto* workload = std::get_if<const Workload*>(&subject);
  if (workload == nullptr) return false;
  const auto& owners = (*workload)->meta.owner_references;
  return std::any_of(owners.begin(), owners.end(),
                     [](const OwnerReference& owner) { return owner.controller; });
}

using NumberInUse = std::pair<std::int64_t, Protocol>;

// The listing by which a policy calls the number deprecated, or nullptr.
const Listing* deprecation(const PolicyTable& policy, const NumberInUse& used) {
  for (const Listing* listing : policy.standing(used.first, used.second)) {
    if (listing->internal && listing->entry->deprecated) return listing;
  }
  return nullptr;
}

Finding deprecation_finding(const PolicyTable& policy, const Listing& listing, const WrittenNumber& used,
                            const Subject& object, Instant now) {
  const ExposurePolicy& declared = policy.policy();
  const std::string& after = listing.entry->deprecated->after;
  const bool over = listing.refused_from && *listing.refused_from <= now;
  Finding finding;
  finding.decision = over && declared.spec.action != "Warn" ? Decision::kDeny : Decision::kWarn;
  finding.audit_only = declared.spec.action == "Audit";
  finding.rule = over ? rule::kRemovedPort : rule::kDeprecatedPort;
  finding.policy = one_line(declared.meta.name);
  finding.port = used.number;
  finding.protocol = to_string(used.protocol);
  finding.path = subject_text(object) + " " + used.field;
  finding.message = port_text(used.number, used.protocol, listing.entry) + " is deprecated by " +
                    policies_text({declared.meta.name}) + removal_text(*listing.entry);
  if (!after.empty()) finding.message += (over ? ", refused since " : ", refused from ") + one_line(after);
  finding.fix = "move to the port that replaces it";
  return finding;
}

}  // namespace

std::vector<Finding> make_number_findings(const Subject& object, const std::optional<Subject>& old_object) {
  std::set<WrittenNumber> known;
  if (old_object) {
    for (WrittenNumber& number : numbers_of(*old_object)) known.insert(std::move(number));
  }
  std::vector<Finding> findings;
  for (const WrittenNumber& written : numbers_of(object)) {
    const Result<Port> port = Port::checked(written.number);
    if (port || known.count(written) != 0) continue;
    Finding finding;
    finding.decision = Decision::kDeny;
    finding.rule = rule::kNoPort;
    finding.port = written.number;
    finding.protocol = to_string(written.protocol);
    finding.path = subject_text(object) + " " + written.field;
    finding.message = port.error().message;
    finding.fix = "write a number from 1 to 65535";
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> make_deprecation_findings(const Subject& object,
                                               const std::optional<Subject>& old_object,
                                               const std::vector<PolicyTable>& policies, Instant now) {
  std::vector<Finding> findings;
  if (has_controller(object)) return findings;
  std::set<NumberInUse> told;
  if (old_object) {
    for (const WrittenNumber& used : numbers_of(*old_object)) told.insert({used.number, used.protocol});
  }
  for (const WrittenNumber& used : numbers_of(object)) {
    if (!told.insert({used.number, used.protocol}).second) continue;
    for (const PolicyTable& policy : policies) {
      if (const Listing* listing = deprecation(policy, {used.number, used.protocol})) {
        findings.push_back(deprecation_finding(policy, *listing, used, object, now));
      }
    }
  }
  return findings;
}

}  // namespace berth::exposure
