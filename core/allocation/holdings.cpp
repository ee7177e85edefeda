#include "core/allocation/holdings.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/allocation/adoption.h"
#include "core/allocation/sticky.h"
#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

const AllocatedPort* status_port(const PortAllocation& allocation, const std::string& name) {
  const auto& ports = allocation.status.ports;
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const AllocatedPort& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

const AllocationPort* spec_port(const PortAllocation& allocation, const std::string& name) {
  const auto& ports = allocation.spec.ports;
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const AllocationPort& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

// The name that the first port of a row had as long as it was alone ("rtp" of "rtp-0"), and the other way
// round; "" when there is none, or another port of the spec bears it.
std::string other_name(const PortAllocation& allocation, const AllocationPort& port) {
  if (is_old_number(port)) return "";
  const bool made = !port.group.empty() && port.name != port.group;
  const bool first = made && member_index(port) == 0;
  if (made && !first) return "";
  std::string name = first ? port.group : member_name(port.name, 0);
  return spec_port(allocation, name) == nullptr ? name : "";
}

// Has an edit of the allocation moved it to a range that does not hold the number? A number that is migrated
// from is of no range, it only counts as one of it.
bool left_its_range(const PortAllocation& allocation, const AllocationPort& port, const HeldNumber& number,
                    const Ranges& ranges) {
  const std::string& name = allocation.spec.range_name;
  if (name.empty() || number.entry.range == name) return false;
  if (is_old_number(port)) return ranges.find(name) != nullptr;
  const CompiledRange* range = ranges.find(name);
  return range != nullptr && (range->space != number.space || !contains(range->spans, number.key.port));
}

// Has an edit of spec.nodeName moved it to a node where the number is not held? A number that is held on
// every node serves on each.
bool left_its_node(const PortAllocation& allocation, const HeldNumber& number) {
  return !number.key.node.empty() && number.key.node != allocation.spec.node_name;
}

// The best of the allocation's entries in `space` for a port; nullptr when none serves it. `place`: the
// number that goes with those of its group.
const HeldNumber* serving_entry(const PortAllocation& allocation, const AllocationPort& port, Space space,
                                const std::vector<HeldNumber>& entries, const Ranges& ranges,
                                const Uses& uses, std::optional<std::int64_t> place) {
  const AllocatedPort* shown = status_port(allocation, port.name);
  const std::string other = other_name(allocation, port);
  // Smaller is better; the tail makes the order total.
  const auto rank = [&](const HeldNumber& number) {
    const std::int64_t value = number.key.port.number();
    const bool left = left_its_range(allocation, port, number, ranges) || left_its_node(allocation, number);
    return std::tuple(port.port != value, left, place && *place != value,
                      shown == nullptr || shown->port != value, !number.entry.has_slot(port.name),
                      !uses.used_by(allocation.meta.uid, space, number.key), number.entry.sequence,
                      number.key);
  };
  const HeldNumber* best = nullptr;
  for (const HeldNumber& number : entries) {
    if (number.space != space || !number.entry.held()) continue;
    const bool renamed = !other.empty() && number.entry.has_slot(other);
    if (!number.entry.has_slot(port.name) && !renamed) continue;
    if (number.key.protocol && *number.key.protocol != port.protocol) continue;
    if (lost_to_others(allocation, port, space, number.key, uses)) continue;
    if (best == nullptr || rank(number) < rank(*best)) best = &number;
  }
  return best;
}

Protocol recorded_protocol(const Entry& entry, const std::string& slot) {
  const auto found = std::find_if(entry.slots.begin(), entry.slots.end(),
                                  [&](const Slot& candidate) { return candidate.name == slot; });
  return found->protocol;
}

// What the entries of one space serve, whatever space the allocation is routed to.
Holdings assess_in(Space space, const PortAllocation& allocation, const std::vector<HeldNumber>& entries,
                   const Ranges& ranges, const Uses& uses) {
  Holdings holdings;
  holdings.space = space;
  const std::int64_t sticky = sticky_seconds(allocation);
  std::set<std::pair<Port, Protocol>> given;
  std::map<std::string, std::int64_t> starts;  // of the groups
  for (const AllocationPort& port : allocation.spec.ports) {
    const auto index = member_index(port);
    const auto start = index ? starts.find(port.group) : starts.end();
    const auto place = start == starts.end() ? std::nullopt : std::optional(start->second + *index);
    const HeldNumber* number = serving_entry(allocation, port, space, entries, ranges, uses, place);
    if (number == nullptr || !given.insert({number->key.port, port.protocol}).second) {
      holdings.wanting.push_back(port.name);
      continue;
    }
    const bool renumbered = port.port != 0 && port.port != number->key.port.number();
    // Two ports have become one group.
    const bool apart = port.port == 0 && place && *place != number->key.port.number();
    const bool interim = renumbered || apart || left_its_range(allocation, port, *number, ranges) ||
                         left_its_node(allocation, *number);
    if (interim) holdings.wanting.push_back(port.name);
    if (index && !interim) starts.try_emplace(port.group, number->key.port.number() - *index);
    const bool renamed = !number->entry.has_slot(port.name);
    const std::string recorded = renamed ? other_name(allocation, port) : port.name;
    const bool outdated = renamed || recorded_protocol(number->entry, recorded) != port.protocol ||
                          number->entry.sticky_seconds != sticky;
    holdings.serving.push_back({.slot = {port.name, port.protocol},
                                .number = number->key.port,
                                .key = number->key,
                                .sequence = number->entry.sequence,
                                .range = number->entry.range,
                                .interim = interim,
                                .outdated = outdated,
                                .recorded = renamed ? recorded : ""});
  }
  return holdings;
}

std::vector<Surplus> surplus_of(const std::vector<HeldNumber>& entries,
                                const std::vector<const Holdings*>& used) {
  std::vector<Surplus> surplus;
  for (const HeldNumber& number : entries) {
    if (!number.entry.held()) continue;
    Surplus candidate{.number = number};
    for (const Slot& slot : number.entry.slots) {
      const bool needed = std::any_of(used.begin(), used.end(), [&](const Holdings* holdings) {
        return holdings->space == number.space &&
               std::any_of(holdings->serving.begin(), holdings->serving.end(), [&](const Holding& holding) {
                 const bool same = holding.slot.name == slot.name || holding.recorded == slot.name;
                 return same && holding.key == number.key;
               });
      });
      if (!needed) candidate.slots.push_back(slot);
    }
    if (!candidate.slots.empty()) surplus.push_back(std::move(candidate));
  }
  std::sort(surplus.begin(), surplus.end(), [](const Surplus& a, const Surplus& b) {
    return std::tie(a.number.space, a.number.key) < std::tie(b.number.space, b.number.key);
  });
  return surplus;
}

std::vector<std::string> notes_of(const PortAllocation& allocation, const Holdings& holdings,
                                  const Ranges& ranges) {
  std::vector<std::string> notes;
  for (const AllocationPort& port : allocation.spec.ports) {
    const Holding* holding = holdings.find(port.name);
    if (holding == nullptr || holding->interim || is_old_number(port)) continue;
    const std::string keeps = "port " + port.name + " keeps " + to_string(holding->number);
    const CompiledRange* range = ranges.find(holding->range);
    if (range == nullptr) {
      notes.push_back(keeps + " although there is no usable range " + holding->range);
      continue;
    }
    if (!allocation.spec.node_name.empty() && holding->key.node.empty()) {
      notes.push_back(keeps + " on every node, not only on " + allocation.spec.node_name);
    }
    if (!port.host_ip.empty() && holdings.space != Space::kHostPort) {
      notes.push_back("hostIP of port " + port.name + " means nothing here: " + to_string(holding->number) +
                      " is no host port");
    }
    const CompiledBlock* block = port.block.empty() ? nullptr : range->block(port.block);
    if (!contains(range->spans, holding->number)) {
      notes.push_back(keeps + ", which range " + range->name + " no longer holds");
    } else if (block != nullptr && !contains(block->spans, holding->number)) {
      notes.push_back(keeps + ", which lies outside block " + block->name +
                      "; to move it, ask for a number of the block or rename the port");
    }
  }
  return notes;
}

Refusal refuse(const PortAllocation& allocation, RefusalReason reason, std::string message) {
  return {allocation.meta.key(), allocation.meta.uid, reason, "", std::move(message)};
}

// The space whose held numbers bind the allocation, when there are any.
std::optional<Space> bound_space(const PortAllocation& allocation, const std::vector<HeldNumber>& entries) {
  std::optional<Space> bound;
  for (const HeldNumber& number : entries) {
    const bool binds = number.entry.held() && (allocation.spec.range_name.empty() ||
                                               number.entry.range == allocation.spec.range_name);
    if (!binds) continue;
    // Between several spaces (a move that is not finished) the one that status tells of wins.
    if (!bound || number.entry.range == allocation.status.range_name) bound = number.space;
    if (number.entry.range == allocation.status.range_name) break;
  }
  return bound;
}

}  // namespace

const Holding* Holdings::find(const std::string& slot) const {
  const auto found = std::find_if(serving.begin(), serving.end(),
                                  [&](const Holding& holding) { return holding.slot.name == slot; });
  return found == serving.end() ? nullptr : &*found;
}

std::variant<Space, Refusal> route(const PortAllocation& allocation, const Ranges& ranges,
                                   const std::vector<HeldNumber>& entries) {
  if (const auto bound = bound_space(allocation, entries)) return *bound;
  const auto sources = ranges.sources(allocation.spec);
  if (!sources.empty()) return sources.front().range->space;
  const std::string& name = allocation.spec.range_name;
  if (name.empty()) {
    return refuse(
        allocation, RefusalReason::kRangeNotFound,
        "no PortRange and no block carries purpose '" + allocation.spec.purpose +
            "': write a purpose that one carries, or rangeName; `kubectl get prange -o wide` lists them");
  }
  if (const auto unusable = ranges.unusable().find(name); unusable != ranges.unusable().end()) {
    return refuse(allocation, RefusalReason::kRangeUnusable,
                  "PortRange " + name + " cannot be used, correct it: " + unusable->second.message);
  }
  return refuse(allocation, RefusalReason::kRangeNotFound,
                "there is no PortRange " + name + ": create it, or write the name of one that exists");
}

bool taken_by_others(const Uid& owner, Space space, const NumberKey& key, const Uses& uses) {
  // Only a nodePort is exclusive by the API server's own rule; addresses of load balancers may differ.
  return space == Space::kNodePort && uses.other_than(owner, space, key) != nullptr &&
         !uses.used_by(owner, space, key);
}

bool lost_to_others(const PortAllocation& allocation, const AllocationPort& port, Space space,
                    const NumberKey& key, const Uses& uses) {
  const AllocatedPort* shown = status_port(allocation, port.name);
  const bool was_published =
      shown != nullptr && shown->port == key.port.number() && !allocation.status.service_name.empty();
  if (port.port != 0 || was_published) return false;
  const Uid& uid = allocation.meta.uid;
  const auto lost = [&](const NumberKey& one) {
    return taken_by_others(uid, space, one, uses) || uses.contested(uid, space, one);
  };
  const auto index = member_index(port);
  if (!index) return lost(key);
  const std::int64_t first = key.port.number() - *index;
  const auto& ports = allocation.spec.ports;
  return std::any_of(ports.begin(), ports.end(), [&](const AllocationPort& other) {
    const auto place = member_index(other);
    if (other.group != port.group || !place) return false;
    const auto number = Port::checked(first + *place);
    if (!number.ok()) return false;
    NumberKey beside = key;
    beside.port = *number;
    return lost(beside);
  });
}

bool is_lost(const PortAllocation& allocation, const Surplus& surplus, const Uses& uses) {
  return std::any_of(surplus.slots.begin(), surplus.slots.end(), [&](const Slot& slot) {
    const AllocationPort* port = spec_port(allocation, slot.name);
    return port != nullptr &&
           lost_to_others(allocation, *port, surplus.number.space, surplus.number.key, uses);
  });
}

bool suits(const PortAllocation& allocation, const AllocationPort& port, const HeldNumber& number,
           const Ranges& ranges) {
  const bool asks_for_another = port.port != 0 && port.port != number.key.port.number();
  const bool other_protocol = number.key.protocol && *number.key.protocol != port.protocol;
  return !asks_for_another && !other_protocol && !left_its_range(allocation, port, number, ranges) &&
         !left_its_node(allocation, number);
}

Holdings assess(const PortAllocation& allocation, const std::vector<HeldNumber>& entries,
                const Ranges& ranges, const Uses& uses) {
  const auto routed = route(allocation, ranges, entries);
  const Space* target = std::get_if<Space>(&routed);
  const auto told_by_status = [&](const Holdings& held) {
    return std::count_if(held.serving.begin(), held.serving.end(), [&](const Holding& holding) {
      const AllocatedPort* shown = status_port(allocation, holding.slot.name);
      return shown != nullptr && shown->port == holding.number.number();
    });
  };
  // A move to another space keeps the old numbers until all new ones are granted.
  Holdings wanted;
  if (target != nullptr) wanted = assess_in(*target, allocation, entries, ranges, uses);
  Holdings holdings = wanted;
  if (target == nullptr || !wanted.complete()) {
    for (const Space space : kSpaces) {
      if (target != nullptr && space == *target) continue;
      Holdings old = assess_in(space, allocation, entries, ranges, uses);
      const bool present = wanted.serving.empty() || told_by_status(old) > told_by_status(wanted);
      if (old.serving.empty() || !present) continue;
      for (Holding& holding : old.serving) holding.interim = true;
      holdings = std::move(old);
      break;
    }
  }
  if (target == nullptr) {
    holdings.wanting.clear();
    for (const AllocationPort& port : allocation.spec.ports) holdings.wanting.push_back(port.name);
    holdings.unroutable = std::get<Refusal>(routed);
  } else {
    holdings.wanting = wanted.wanting;
    holdings.target = *target;
  }
  holdings.surplus = surplus_of(entries, {&wanted, &holdings});
  holdings.notes = notes_of(allocation, holdings, ranges);
  return holdings;
}

std::vector<ShownNumber> shown_numbers(const PortAllocation& allocation, Space space,
                                       const std::vector<const Service*>& services) {
  const bool same_range = allocation.spec.range_name.empty() || allocation.status.range_name.empty() ||
                          allocation.spec.range_name == allocation.status.range_name;
  std::vector<ShownNumber> numbers;
  const auto add = [&](const AllocationPort& port, std::int64_t number) {
    const auto checked = Port::checked(number);
    if (!checked.ok() || (port.port != 0 && port.port != number)) return false;
    numbers.push_back({{port.name, port.protocol}, *checked});
    return true;
  };
  const auto published = [&](const AllocationPort& port) -> std::int64_t {
    for (const Service* service : services) {
      if (service->meta.ns != allocation.meta.ns || generated_for(service->meta) != allocation.meta.uid)
        continue;
      const AdoptedForm form = adopted_form(*service);
      for (const ServicePort& candidate : service->ports) {
        if (slot_of(form, candidate) != port.name || candidate.protocol != port.protocol) continue;
        return space == Space::kNodePort && candidate.node_port != 0 ? candidate.node_port : candidate.port;
      }
    }
    return 0;
  };
  for (const AllocationPort& port : allocation.spec.ports) {
    const AllocatedPort* shown = same_range ? status_port(allocation, port.name) : nullptr;
    const bool same_key = shown != nullptr && (space == Space::kNodePort || shown->protocol == port.protocol);
    if (same_key && add(port, shown->port)) continue;
    if (same_range) add(port, published(port));
  }
  return numbers;
}

bool lost_any(const PortAllocation& allocation, const Holdings& holdings,
              const std::vector<ShownNumber>& shown, const Uses& uses) {
  return std::any_of(shown.begin(), shown.end(), [&](const ShownNumber& number) {
    const AllocationPort* port = spec_port(allocation, number.slot.name);
    return port != nullptr && holdings.find(port->name) == nullptr &&
           lost_to_others(allocation, *port, holdings.space,
                          key_of(holdings.space, number.number, port->protocol), uses);
  });
}

}  // namespace berth::allocation
