#include "core/model/effective_ports.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace berth {
namespace {

constexpr std::string_view kOld = "-old";
constexpr Protocol kProtocols[] = {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp};

std::int64_t count_of(const AllocationPort& port) { return std::max<std::int64_t>(1, port.count); }

// Does the status hold every number of this generation, and not that of `port`?
bool is_shown_without(const PortAllocation& allocation, const std::string& port) {
  const PortAllocationStatus& status = allocation.status;
  if (status.observed_generation != allocation.meta.generation) return false;
  const Condition* allocated = find_condition(status.conditions, "Allocated");
  const bool whole = allocated != nullptr && allocated->status == "True" &&
                     allocated->observed_generation == allocation.meta.generation;
  return whole && std::none_of(status.ports.begin(), status.ports.end(),
                               [&](const AllocatedPort& shown) { return shown.name == port; });
}

bool has_ended(const PortAllocation& allocation, const Migration& migration, const std::string& port,
               std::optional<Instant> now) {
  if (migration.until.empty()) return false;
  const auto end = parse_rfc3339(migration.until);
  // The schema admits no other text; what cannot be read does not end a service.
  if (!end.ok()) return false;
  return (now && *now >= *end) || is_shown_without(allocation, port);
}

AllocationPort member(const AllocationPort& port, std::int64_t index) {
  AllocationPort made = port;
  made.count = 0;
  if (port.also_protocol || port.count > 1) made.group = port.name;
  if (port.count <= 1) return made;
  made.name = member_name(port.name, index);
  if (made.port != 0) made.port += index;
  if (auto* target = std::get_if<std::int64_t>(&made.target_port)) *target += index;
  return made;
}

AllocationPort twin_of(const AllocationPort& port) {
  AllocationPort twin = member(port, 0);
  twin.name = twin_name(port.name, *port.also_protocol);
  twin.protocol = *port.also_protocol;
  twin.health = {};  // is asked over HTTP
  return twin;
}

AllocationPort old_of(const AllocationPort& made, const AllocationPort& written, std::int64_t index) {
  AllocationPort old = made;
  old.name = old_name(made.name);
  old.group = written.name;
  old.port = written.migrate_from->port + index;
  old.block = {};
  return old;
}

}  // namespace

std::string member_name(const std::string& group, std::int64_t index) {
  return group + "-" + std::to_string(index);
}

std::string twin_name(const std::string& port, Protocol protocol) {
  std::string name = port + "-";
  for (const char letter : std::string_view(to_string(protocol)))
    name += static_cast<char>(letter - 'A' + 'a');
  return name;
}

std::string old_name(const std::string& port) { return port + std::string(kOld); }

bool is_plain(const PortAllocation& allocation) {
  const auto& ports = allocation.spec.ports;
  const bool made =
      std::any_of(ports.begin(), ports.end(), [](const AllocationPort& port) { return !port.group.empty(); });
  return made || std::none_of(ports.begin(), ports.end(), [](const AllocationPort& port) {
           return port.count > 1 || port.also_protocol || port.migrate_from;
         });
}

std::vector<AllocationPort> effective_ports(const PortAllocation& allocation, std::optional<Instant> now) {
  std::vector<AllocationPort> ports;
  const auto add = [&](const AllocationPort& written, const AllocationPort& made, std::int64_t index) {
    ports.push_back(made);
    const bool migrates =
        written.migrate_from && !has_ended(allocation, *written.migrate_from, old_name(made.name), now);
    if (migrates) ports.push_back(old_of(made, written, index));
  };
  for (const AllocationPort& port : allocation.spec.ports) {
    for (std::int64_t i = 0; i < count_of(port); ++i) add(port, member(port, i), i);
    // The schema admits no count beside it; what came in before there was one is served without.
    if (port.also_protocol && count_of(port) == 1) add(port, twin_of(port), 0);
  }
  return ports;
}

PortAllocation effective(PortAllocation allocation, std::optional<Instant> now) {
  if (is_plain(allocation)) return allocation;
  allocation.spec.ports = effective_ports(allocation, now);
  return allocation;
}

std::shared_ptr<const PortAllocation> effective(std::shared_ptr<const PortAllocation> allocation,
                                                std::optional<Instant> now) {
  if (!allocation || is_plain(*allocation)) return allocation;
  return std::make_shared<const PortAllocation>(effective(PortAllocation(*allocation), now));
}

bool is_old_number(const AllocationPort& port) {
  return !port.group.empty() && port.name != port.group && port.name.ends_with(kOld);
}

std::optional<std::int64_t> member_index(const AllocationPort& port) {
  if (port.group.empty() || is_old_number(port)) return {};
  const bool twin = std::any_of(std::begin(kProtocols), std::end(kProtocols), [&](Protocol protocol) {
    return port.name == twin_name(port.group, protocol);
  });
  if (port.name == port.group || twin) return 0;
  const std::string_view digits = std::string_view(port.name).substr(port.group.size() + 1);
  std::int64_t index = 0;
  const auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (code != std::errc() || stop != digits.data() + digits.size()) return {};
  return index;
}

std::optional<Instant> first_end(const PortAllocation& effective) {
  std::optional<Instant> first;
  for (const AllocationPort& port : effective.spec.ports) {
    if (!is_old_number(port) || !port.migrate_from || port.migrate_from->until.empty()) continue;
    const auto end = parse_rfc3339(port.migrate_from->until);
    if (end.ok()) first = first ? std::min(*first, *end) : *end;
  }
  return first;
}

}  // namespace berth
