#include "core/desired/migration.h"

#include <algorithm>

#include "core/base/reasons.h"
#include "core/model/effective_ports.h"

namespace berth::desired {
namespace {

const AllocatedPort* find(const std::vector<AllocatedPort>& numbers, const std::string& name) {
  const auto found = std::find_if(numbers.begin(), numbers.end(),
                                  [&](const AllocatedPort& number) { return number.name == name; });
  return found == numbers.end() ? nullptr : &*found;
}

const AllocationPort* find(const PortAllocation& allocation, const std::string& name) {
  const auto& ports = allocation.spec.ports;
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const AllocationPort& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

// Numbers that are told together: those in a row, and apart from them the old ones of a row.
std::string group_of(const PortAllocation& allocation, const AllocatedPort& number) {
  const AllocationPort* port = find(allocation, number.name);
  if (port == nullptr || port->group.empty()) return number.name;
  return is_old_number(*port) ? old_name(port->group) : port->group;
}

std::string end_text(const Migration& migration) {
  return migration.until.empty() ? "as long as migrateFrom is written" : "until " + migration.until;
}

}  // namespace

std::optional<Condition> migration_condition(const PortAllocation& allocation,
                                             const std::vector<AllocatedPort>& numbers) {
  bool waits = false;
  std::string served;
  std::string ended;
  for (const AllocationPort& port : allocation.spec.ports) {
    if (!port.migrate_from || is_old_number(port)) continue;
    const std::string name = old_name(port.name);
    if (find(allocation, name) == nullptr) {
      ended += (ended.empty() ? "" : ", ") + port.name;
    } else if (const AllocatedPort* old = find(numbers, name)) {
      const AllocatedPort* fresh = find(numbers, port.name);
      const std::string beside = fresh == nullptr ? "" : " beside " + std::to_string(fresh->port);
      served += (served.empty() ? "" : "; ") + ("port " + port.name + " is served on its old number ") +
                std::to_string(old->port) + beside + ", " + end_text(*port.migrate_from);
    } else {
      waits = true;
    }
  }
  if (!served.empty()) {
    return Condition{"Migrating", "True", allocation.meta.generation, "", reason::kBothServed, served};
  }
  if (ended.empty() || waits) return {};
  return Condition{"Migrating",
                   "False",
                   allocation.meta.generation,
                   "",
                   reason::kMigrationEnded,
                   "the old numbers of port " + ended + " were given back: remove migrateFrom"};
}

std::vector<std::string> number_texts(const PortAllocation& allocation,
                                      const std::vector<AllocatedPort>& numbers) {
  struct Span {
    std::string name;
    std::int64_t first;
    std::int64_t last;
    Protocol protocol;
  };
  std::vector<Span> spans;
  for (const AllocatedPort& number : numbers) {
    const std::string group = group_of(allocation, number);
    const auto before = std::find_if(spans.begin(), spans.end(), [&](const Span& span) {
      return span.name == group && span.protocol == number.protocol && span.last + 1 == number.port;
    });
    if (before != spans.end()) {
      before->last = number.port;
    } else {
      spans.push_back({group, number.port, number.port, number.protocol});
    }
  }
  std::vector<std::string> texts;
  for (const Span& span : spans) {
    const std::string last = span.last == span.first ? "" : "-" + std::to_string(span.last);
    texts.push_back(span.name + ":" + std::to_string(span.first) + last + "/" + to_string(span.protocol));
  }
  return texts;
}

}  // namespace berth::desired
