// OpenLists: how many elements are still to come of each list that an archive is in.
//
// Internal to kube/json, for archives that know the size of a list when they begin it. Thread-safety: none.
#pragma once

#include <cstddef>
#include <vector>

namespace berth::json {

class OpenLists {
 public:
  void begin(std::size_t size) { left_.push_back(size); }
  // False when the innermost list has no further element.
  bool next() {
    if (left_.back() == 0) return false;
    --left_.back();
    return true;
  }
  void end() { left_.pop_back(); }

 private:
  std::vector<std::size_t> left_ = {};
};

}  // namespace berth::json
