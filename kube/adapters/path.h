// Path: where in an object an adapter looks.
//
// "spec.routes[].services[]" is every element of every list of services, "spec.tls.mode" one member,
// "metadata.annotations[example.org/backend]" a member whose name has dots. A path that begins with a dot
// starts at the element that is looked at, any other at the object. Errors say what would be right.
// Thread-safety: values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/json/tree.h"

namespace berth::adapters {

class Path {
 public:
  // Paths that start at the object begin with `spec`, `specs`, `webhooks`, `metadata.name`,
  // `metadata.annotations` or `metadata.labels`.
  static Result<Path> parse(std::string_view text);

  [[nodiscard]] bool is_relative() const { return relative_; }
  // As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }

  struct Found {
    const json::Tree* value;
    std::string field;  // with the indices: "spec.routes[0].services[2]"
  };
  // Everything that is there, in the order it is written; null counts as absent. `from` is the field of
  // `tree`.
  [[nodiscard]] std::vector<Found> find(const json::Tree& tree, std::string_view from = "") const;

 private:
  // A member by its name, or every element of a list.
  struct Step {
    std::string key = {};
    bool each = false;
    bool in_brackets = false;
  };
  std::string text_ = {};
  bool relative_ = false;
  std::vector<Step> steps_ = {};
};

// A scalar as text ("5432", "true"); "" for lists, objects and null.
std::string text_of(const json::Tree& value);

}  // namespace berth::adapters
