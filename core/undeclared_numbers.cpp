#include "core/undeclared_numbers.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/allocation/host_ports.h"
#include "core/allocation/occupancy.h"
#include "core/exposure/rule_catalogue.h"
#include "core/exposure/ways_out.h"
#include "core/model/effective_ports.h"

namespace berth {
namespace {

using allocation::CompiledRange;
using allocation::Entry;
using allocation::NumberKey;
using allocation::Space;

struct UsedNumber {
  Space space;
  NumberKey key;
  std::string path;     // 'Service data/web (NodePort) nodePort 24511'
  bool health = false;  // a healthCheckNodePort: never granted to anybody
};

// A number in a space, wherever it is used.
using Place = std::pair<Space, NumberKey>;

Place place_of(const UsedNumber& number) {
  NumberKey key = number.key;
  key.node.clear();
  return {number.space, std::move(key)};
}

const char* field_name(Space space) {
  switch (space) {
    case Space::kNodePort:
      return "nodePort";
    case Space::kService:
      return "port";
    case Space::kHostPort:
      return "hostPort";
  }
  return "";
}

const char* via(Space space) {
  switch (space) {
    case Space::kNodePort:
      return "NodePort";
    case Space::kService:
      return "LoadBalancer";
    case Space::kHostPort:
      return "HostPort";
  }
  return "";
}

std::vector<UsedNumber> numbers_used(const Service& service) {
  std::vector<UsedNumber> numbers;
  const std::string name = "Service " + to_string(service.meta.key()) + " (" + service.type + ") ";
  for (const Space space : {Space::kNodePort, Space::kService}) {
    for (const NumberKey& key : numbers_of(service, space)) {
      const bool health = space == Space::kNodePort && key.port.number() == service.health_check_node_port;
      const char* field = health ? "healthCheckNodePort" : field_name(space);
      numbers.push_back({space, key, name + field + " " + to_string(key.port), health});
    }
  }
  return numbers;
}

std::vector<UsedNumber> numbers_used(const Workload& workload) {
  std::vector<UsedNumber> numbers;
  const std::string name = workload.kind + " " + to_string(workload.meta.key()) + " container ";
  for (const auto& open : allocation::host_ports_of(workload)) {
    numbers.push_back(
        {Space::kHostPort, open.key, name + open.container->name + " hostPort " + to_string(open.key.port)});
  }
  return numbers;
}

std::vector<UsedNumber> numbers_used(const Entrance&) { return {}; }
std::vector<UsedNumber> numbers_used(const Gateway&) { return {}; }
std::vector<UsedNumber> numbers_used(const ReferenceGrant&) { return {}; }
std::vector<UsedNumber> numbers_used(const EndpointSlice&) { return {}; }
std::vector<UsedNumber> numbers_used(const NetworkPolicy&) { return {}; }
std::vector<UsedNumber> numbers_used(const NetworkSet&) { return {}; }
std::vector<UsedNumber> numbers_used(const Advertisement&) { return {}; }
std::vector<UsedNumber> numbers_used(const Backend&) { return {}; }

std::vector<UsedNumber> numbers_used(const Judged& judged) {
  return std::visit([](const auto& object) { return numbers_used(object); }, judged);
}

// What the object, or who made it, used before.
std::set<Place> used_before(const Judged& object, const std::optional<Judged>& old_object,
                            const exposure::Facts& facts) {
  std::set<Place> places;
  const auto add = [&](const std::vector<UsedNumber>& numbers) {
    for (const UsedNumber& number : numbers) places.insert(place_of(number));
  };
  if (old_object) add(numbers_used(*old_object));
  const auto* workload = std::get_if<Workload>(&object);
  if (workload == nullptr) return places;
  for (const Workload* owner : exposure::owners_of(*workload, facts)) add(numbers_used(*owner));
  return places;
}

// Of several ranges that hold the number the one that says most: it refuses, it reserves, it comes first.
const CompiledRange* governing(const allocation::Ranges& ranges, const UsedNumber& number) {
  const CompiledRange* found = nullptr;
  const auto weight = [&](const CompiledRange& range) {
    return std::pair(range.deny_undeclared, range.reservation(number.key.port) != nullptr);
  };
  for (const auto& [name, range] : ranges.usable()) {
    if (range.space != number.space || !contains(range.spans, number.key.port)) continue;
    if (found == nullptr || weight(range) > weight(*found)) found = &range;
  }
  return found;
}

bool shows(const PortAllocation& allocation, const UsedNumber& number) {
  const auto& ports = allocation.status.ports;
  return std::any_of(ports.begin(), ports.end(), [&](const AllocatedPort& port) {
    const bool same = number.space == Space::kNodePort || number.key.protocol == port.protocol;
    return same && port.port == number.key.port.number();
  });
}

bool asks_for(const PortAllocation& allocation, const UsedNumber& number, const allocation::Ranges& ranges) {
  const auto ports = effective_ports(allocation, std::nullopt);
  const bool asked = std::any_of(ports.begin(), ports.end(), [&](const AllocationPort& port) {
    return port.port == number.key.port.number() && number.key.protocol == port.protocol;
  });
  const auto sources = ranges.sources(allocation.spec);
  return asked && std::any_of(sources.begin(), sources.end(), [&](const allocation::Source& source) {
           return source.range->space == number.space && contains(source.range->spans, number.key.port);
         });
}

// One object, and whose numbers it may use.
class Claims {
 public:
  Claims(const Judged& object, const exposure::Facts& facts, const NumberBooks& books)
      : object_(object), books_(books) {
    const Meta& meta = std::visit([](const auto& one) -> const Meta& { return one.meta; }, object);
    for (const PortAllocation* allocation : facts.allocations(meta.ns)) {
      if (serves(*allocation)) own_.push_back(allocation);
    }
  }

  // Who holds the number; nullptr: nobody. An own entry before anybody else's.
  [[nodiscard]] const Entry* holder(const UsedNumber& number) const {
    const Entry* found = nullptr;
    for (const auto& [key, entry] : books_.ledgers().in(number.space).conflicting(number.key)) {
      if (!entry->held()) continue;
      if (is_own(*entry)) return entry;
      found = entry;
    }
    return found;
  }

  [[nodiscard]] bool is_own(const Entry& entry) const {
    return std::any_of(own_.begin(), own_.end(), [&](const PortAllocation* allocation) {
      return allocation->meta.uid == entry.owner_uid;
    });
  }

  // The API server chooses the health check's number of a generated Service, nobody could grant it before.
  [[nodiscard]] bool is_given(const UsedNumber& number) const { return number.health && !own_.empty(); }

  // Does an allocation of its own show the number, or ask for it in that space? The record of a new one may
  // not have come here yet.
  [[nodiscard]] bool is_claimed(const UsedNumber& number) const {
    return std::any_of(own_.begin(), own_.end(), [&](const PortAllocation* allocation) {
      const bool pods = number.space == Space::kHostPort;
      return shows(*allocation, number) || (pods && asks_for(*allocation, number, books_.ranges()));
    });
  }

 private:
  [[nodiscard]] bool serves(const PortAllocation& allocation) const {
    if (allocation.meta.deleting()) return false;
    if (const auto* workload = std::get_if<Workload>(&object_))
      return berth::allocation::takes_in(allocation, *workload);
    const auto* service = std::get_if<Service>(&object_);
    return service != nullptr && !allocation.meta.uid.empty() &&
           allocation::generated_for(service->meta) == allocation.meta.uid;
  }

  const Judged& object_;
  const NumberBooks& books_;
  std::vector<const PortAllocation*> own_;
};

std::string spans_text(const CompiledRange& range) {
  std::string text;
  for (const PortSpan& span : range.spans) text += (text.empty() ? "" : ", ") + to_string(span);
  return text;
}

std::string message_of(const UsedNumber& number, const CompiledRange& range, const Entry* holder) {
  const std::string what = std::string(field_name(number.space)) + " " + to_string(number.key.port) +
                           " belongs to PortRange " + range.name;
  if (holder != nullptr) {
    return what + " and is held by PortAllocation " + to_string(holder->owner) + ", not for this object";
  }
  if (const auto* reserved = range.reservation(number.key.port)) {
    return what + ", which reserves it (" + reserved->reason + ")";
  }
  return what + ", and no PortAllocation holds it for this object";
}

std::string fix_of(const UsedNumber& number, const CompiledRange& range, const Entry* holder) {
  const std::string field = field_name(number.space);
  const std::string other = "a " + field + " outside " + spans_text(range);
  const std::string chosen =
      number.space == Space::kNodePort ? " (where none was written, the API server chose this one)" : "";
  if (holder != nullptr || range.reservation(number.key.port) != nullptr) {
    return "write " + other + chosen + ", or ask for another number with a PortAllocation";
  }
  const std::string who = range.namespace_selector.empty()
                              ? "any namespace may"
                              : "namespaces that its namespaceSelector takes in may";
  const std::string how = number.space == Space::kHostPort
                              ? " whose selector takes these pods in"
                              : ", and take this number out here: Berth makes the Service";
  return "ask for it (" + who + ") with a PortAllocation of rangeName: " + range.name +
         " and port: " + to_string(number.key.port) + how + "; or write " + other + chosen;
}

}  // namespace

std::vector<Finding> make_undeclared_findings(const Judged& object, const std::optional<Judged>& old_object,
                                              const exposure::Facts& facts, const NumberBooks& books) {
  std::vector<Finding> findings;
  if (books.ranges().usable().empty()) return findings;
  const std::vector<UsedNumber> numbers = numbers_used(object);
  if (numbers.empty()) return findings;
  std::set<Place> known = used_before(object, old_object, facts);
  const Claims claims(object, facts, books);
  for (const UsedNumber& number : numbers) {
    const CompiledRange* range = governing(books.ranges(), number);
    if (range == nullptr || claims.is_given(number) || !known.insert(place_of(number)).second) continue;
    const Entry* holder = claims.holder(number);
    const bool declared = holder == nullptr ? claims.is_claimed(number) : claims.is_own(*holder);
    if (declared) continue;
    Finding finding;
    finding.decision = range->deny_undeclared ? Decision::kDeny : Decision::kWarn;
    finding.rule = exposure::rule::kUnallocatedNumber;
    finding.policy = "PortRange " + range->name;
    finding.port = number.key.port.number();
    finding.protocol = number.key.protocol ? to_string(*number.key.protocol) : to_string(Protocol::kTcp);
    finding.via = via(number.space);
    finding.path = number.path;
    finding.message = message_of(number, *range, holder);
    finding.fix = fix_of(number, *range, holder);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace berth
