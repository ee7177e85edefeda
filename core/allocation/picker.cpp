#include "core/allocation/picker.h"

#include <cstdint>
#include <utility>

namespace berth::allocation {

Picker::Picker(const std::vector<PortSpan>& spans) {
  numbers_.reserve(static_cast<std::size_t>(count_ports(spans)));
  for (const PortSpan& span : spans) {
    for (std::int32_t number = span.first.number(); number <= span.last.number(); ++number) {
      numbers_.push_back(Port::of(number));
    }
  }
  next_.resize(numbers_.size() + 1);
  for (std::size_t i = 0; i < next_.size(); ++i) next_[i] = i;
}

std::size_t Picker::root(std::size_t position) {
  std::size_t end = position;
  while (next_[end] != end) end = next_[end];
  while (next_[position] != end) position = std::exchange(next_[position], end);
  return end;
}

std::size_t Picker::after_obstacle(std::size_t at, std::size_t length,
                                   const std::function<bool(Port)>& available,
                                   const std::function<bool(Port)>& busy) {
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t position = at + i;
    if (position >= numbers_.size()) return numbers_.size();
    const std::int32_t in_a_row = numbers_[at].number() + static_cast<std::int32_t>(i);
    if (numbers_[position].number() != in_a_row) return position;  // another span begins
    if (next_[position] != position) return position + 1;
    if (!available(numbers_[position])) {
      next_[position] = position + 1;
      return position + 1;
    }
    if (busy(numbers_[position])) return position + 1;
  }
  return at;
}

std::optional<Port> Picker::pick(std::size_t start, std::size_t length,
                                 const std::function<bool(Port)>& available,
                                 const std::function<bool(Port)>& busy) {
  const std::size_t size = numbers_.size();
  if (size == 0) return {};
  start %= size;
  const auto search = [&](std::size_t from, std::size_t to) -> std::optional<Port> {
    for (std::size_t at = root(from); at < to;) {
      const std::size_t next = after_obstacle(at, length, available, busy);
      if (next == at) return numbers_[at];
      at = root(next);
    }
    return {};
  };
  if (const auto found = search(start, size)) return found;
  return search(0, start);
}

// FNV-1a: any fixed function will do that spreads owners over a range and is the same on every leader.
std::size_t spread_start(const Uid& owner, const std::string& slot, const std::string& range) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string* part : {&owner.text, &slot, &range}) {
    for (const char c : *part + "/") hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32U));
}

}  // namespace berth::allocation
