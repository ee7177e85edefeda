// FieldPath: where in a document one stands, as people write it: "spec.ports[2].nodePort",
// "metadata.labels[a.b/c]".
//
// Thread-safety: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::json {

// Keys are borrowed: they must outlive the path.
class FieldPath {
 public:
  void push(std::string_view key) { steps_.push_back({key, kNoIndex}); }
  void push_index(std::size_t index) { steps_.push_back({{}, index}); }
  void pop() { steps_.pop_back(); }
  void set_index(std::size_t index) { steps_.back().index = index; }
  // For who learns the innermost step first.
  void reverse() { std::reverse(steps_.begin(), steps_.end()); }

  // The keys, when no step is an index.
  [[nodiscard]] std::optional<std::vector<std::string_view>> keys() const;

  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
  struct Step {
    std::string_view key;
    std::size_t index;
  };
  std::vector<Step> steps_ = {};
};

}  // namespace berth::json
