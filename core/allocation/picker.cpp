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

std::optional<Port> Picker::pick(std::size_t start, const std::function<bool(Port)>& available,
                                 const std::function<bool(Port)>& busy) {
  const std::size_t size = numbers_.size();
  if (size == 0) return {};
  start %= size;
  const auto search = [&](std::size_t from, std::size_t to) -> std::optional<Port> {
    for (std::size_t at = root(from); at < to; at = root(at)) {
      if (!available(numbers_[at])) {
        next_[at] = at + 1;
      } else if (!busy(numbers_[at])) {
        return numbers_[at];
      } else {
        ++at;
      }
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
