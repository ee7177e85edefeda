// Node: one value of a manifest as it was read, with the place where it stands.
//
// YAML and JSON text both become Nodes; what is decoded and judged is the JSON text made of them
// (node_json.h). Not a general document model: only what the loader needs. Thread-safety: values.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace berth::cli {

// Counted from 1; a column counts bytes. {0, 0} is a place that is not known.
struct Mark {
  int line = 0;
  int column = 0;

  auto operator<=>(const Mark&) const = default;
};

struct Node;
struct Member;
using Sequence = std::vector<Node>;
using Mapping = std::vector<Member>;  // in the order of the text, keys unique

struct Node {
  Mark mark = {};
  // No initializer here: it would need Member complete (clang); a fresh variant is monostate anyway.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Sequence, Mapping> value;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value); }
  [[nodiscard]] const Sequence* sequence() const { return std::get_if<Sequence>(&value); }
  [[nodiscard]] const Mapping* mapping() const { return std::get_if<Mapping>(&value); }
  [[nodiscard]] Sequence* sequence() { return std::get_if<Sequence>(&value); }
  [[nodiscard]] Mapping* mapping() { return std::get_if<Mapping>(&value); }
};

struct Member {
  std::string key = {};
  Mark mark = {};  // of the key
  Node value = {};
};

// The member of a mapping, nullptr when there is none or `node` is no mapping.
const Node* find(const Node& node, std::string_view key);
Node* find(Node& node, std::string_view key);
// find() through several mappings: find_path(object, {"spec", "template"}).
const Node* find_path(const Node& node, std::initializer_list<std::string_view> keys);

// What a reader of an error message calls the value: "a mapping", "a list", "null", "a string", ...
const char* type_name(const Node& node);

// The Node that a field path of the codec names ("spec.ports[2].nodePort", "metadata.labels[a.b/c]"), or
// the deepest one on the way that exists: an error about an absent field then points at its parent.
const Node& locate(const Node& root, std::string_view field_path);

}  // namespace berth::cli
