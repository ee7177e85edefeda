#include "core/plan_numbers.h"

#include <algorithm>

namespace berth::plan_numbers {
namespace {

bool shows(const PortAllocationStatus& status, std::int64_t number) {
  return std::any_of(status.ports.begin(), status.ports.end(),
                     [&](const AllocatedPort& port) { return port.port == number; });
}

}  // namespace

std::vector<Port> unconfirmed(const PortAllocationStatus& before, const PortAllocationStatus& next,
                              const std::vector<allocation::HeldNumber>& entries) {
  std::vector<Port> numbers;
  for (const AllocatedPort& shown : before.ports) {
    const auto number = Port::checked(shown.port);
    const bool known = std::any_of(entries.begin(), entries.end(), [&](const allocation::HeldNumber& entry) {
      return entry.entry.held() && entry.key.port.number() == shown.port;
    });
    if (number.ok() && !known && !shows(next, shown.port)) numbers.push_back(*number);
  }
  return numbers;
}

std::vector<Port> arriving(const PortAllocationStatus& before, const PortAllocationStatus& next,
                           const std::vector<allocation::AdoptedPort>& adopted) {
  std::vector<Port> numbers;
  for (const AllocatedPort& port : next.ports) {
    const auto number = Port::checked(port.port);
    if (!number.ok() || shows(before, port.port)) continue;
    const bool replaces = std::any_of(before.ports.begin(), before.ports.end(),
                                      [&](const AllocatedPort& old) { return old.name == port.name; });
    const bool is_adopted =
        std::any_of(adopted.begin(), adopted.end(),
                    [&](const allocation::AdoptedPort& candidate) { return candidate.number == *number; });
    if (replaces || is_adopted) numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace berth::plan_numbers
