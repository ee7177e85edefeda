#include "core/number_books.h"

#include <vector>

namespace berth {

void NumberBooks::put(const std::shared_ptr<const PortRange>& range) {
  objects_.insert_or_assign(range->meta.name, range);
  compile();
}

void NumberBooks::remove(const PortRange& range) {
  objects_.erase(range.meta.name);
  compile();
}

void NumberBooks::compile() {
  std::vector<const PortRange*> ranges;
  for (const auto& [name, range] : objects_) ranges.push_back(range.get());
  ranges_ = allocation::Ranges(ranges);
}

}  // namespace berth
