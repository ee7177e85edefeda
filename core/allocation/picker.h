// Picker: the next free number of some spans, for a batch of claims.
//
// Inside one batch a number that was not available never becomes so; the picker forgets it for good (a
// union-find over the numbers), which keeps 10 000 picks linear. Thread-safety: none, one owner.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/object_key.h"
#include "core/base/port.h"

namespace berth::allocation {

class Picker {
 public:
  // Requires: normalized spans.
  explicit Picker(const std::vector<PortSpan>& spans);

  // The first number from position `start` (modulo the number of positions) on, wrapping around, from which
  // on `length` numbers in a row, of one span, are `available` and not `busy`. What is not available is
  // forgotten; what is busy only now is kept. Requires: length >= 1.
  std::optional<Port> pick(std::size_t start, std::size_t length, const std::function<bool(Port)>& available,
                           const std::function<bool(Port)>& busy);

 private:
  std::size_t root(std::size_t position);
  // Where to look on when the numbers from `at` on do not make a run; `at` itself when they do.
  std::size_t after_obstacle(std::size_t at, std::size_t length, const std::function<bool(Port)>& available,
                             const std::function<bool(Port)>& busy);

  std::vector<Port> numbers_;
  std::vector<std::size_t> next_;  // next_[i] == i: not forgotten; numbers_.size(): the end
};

// Where a range with order: Spread starts to look for a slot of that owner; any position is possible, reduced
// modulo the number of positions by pick(). The same on every leader.
std::size_t spread_start(const Uid& owner, const std::string& slot, const std::string& range);

}  // namespace berth::allocation
