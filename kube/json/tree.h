// Tree: any JSON value as plain data, for code that must keep fields the model does not know.
//
// For the fake API server and for tests; programs read through the codec, which checks what it reads. Objects
// keep their members sorted by name; numbers are int64 when they are whole and fit, double otherwise.
// Thread-safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace berth::json {

struct Tree {
  using List = std::vector<Tree>;
  using Object = std::map<std::string, Tree, std::less<>>;
  using Path = std::initializer_list<std::string_view>;

  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Object> value = nullptr;

  static Tree object() { return Tree{Object{}}; }
  static Tree text(std::string text) { return Tree{std::move(text)}; }
  static Tree number(std::int64_t number) { return Tree{number}; }

  bool operator==(const Tree&) const = default;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(value); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value); }

  // nullptr when it is something else, or when a step of the path is missing.
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&value); }
  [[nodiscard]] const List* as_list() const { return std::get_if<List>(&value); }
  [[nodiscard]] const std::string* as_text() const { return std::get_if<std::string>(&value); }
  [[nodiscard]] const std::int64_t* as_number() const { return std::get_if<std::int64_t>(&value); }
  [[nodiscard]] const Tree* find(Path path) const;

  // "" or `otherwise` when there is no such string or number.
  [[nodiscard]] std::string text_at(Path path) const;
  [[nodiscard]] std::int64_t number_at(Path path, std::int64_t otherwise = 0) const;

  // The member, made (as null) when missing; whatever is no object on the way becomes one.
  Tree& operator[](std::string_view member);
  Tree& at(Path path);
  // True when there was one.
  bool erase(Path path);
};

// Malformed for anything but one JSON value; deeper than kMaxDepth; a key twice in one object.
Result<Tree> parse_tree(std::string_view text);
std::string print_tree(const Tree& tree);

}  // namespace berth::json
