#include "cli/loader/node.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace berth::cli {
namespace {

// Takes one step off the front of a field path: a key, or an index in brackets.
struct Step {
  std::string key = {};
  std::size_t index = 0;
  bool is_index = false;
};

bool take_bracket(std::string_view& path, Step& step) {
  const std::size_t end = path.find(']');
  if (end == std::string_view::npos) return false;
  const auto [rest, error] = std::from_chars(path.data() + 1, path.data() + end, step.index);
  if (error == std::errc() && rest == path.data() + end) {
    step.is_index = true;
  } else {
    step.key = path.substr(1, end - 1);
  }
  path.remove_prefix(end + 1);
  return true;
}

bool take_step(std::string_view& path, Step& step) {
  if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  if (path.empty()) return false;
  step = {};
  if (path.front() == '[') return take_bracket(path, step);
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  step.key = path.substr(0, end);
  path.remove_prefix(end);
  return true;
}

}  // namespace

const Node* find(const Node& node, std::string_view key) {
  const Mapping* mapping = node.mapping();
  if (mapping == nullptr) return nullptr;
  for (const Member& member : *mapping) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Node* find(Node& node, std::string_view key) { return const_cast<Node*>(find(std::as_const(node), key)); }

const Node* find_path(const Node& node, std::initializer_list<std::string_view> keys) {
  const Node* here = &node;
  for (const std::string_view key : keys) {
    here = find(*here, key);
    if (here == nullptr) return nullptr;
  }
  return here;
}

const char* type_name(const Node& node) {
  constexpr const char* kNames[] = {"null",     "a boolean", "an integer", "a number",
                                    "a string", "a list",    "a mapping"};
  return kNames[node.value.index()];
}

const Node& locate(const Node& root, std::string_view field_path) {
  const Node* here = &root;
  Step step;
  while (take_step(field_path, step)) {
    const Node* next = nullptr;
    if (step.is_index) {
      const Sequence* sequence = here->sequence();
      if (sequence == nullptr) {
        next = find(*here, std::to_string(step.index));  // a key made of digits
      } else if (step.index < sequence->size()) {
        next = &(*sequence)[step.index];
      }
    } else {
      next = find(*here, step.key);
    }
    if (next == nullptr) break;
    here = next;
  }
  return *here;
}

}  // namespace berth::cli
