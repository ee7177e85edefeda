// Table: adapters by the kinds that they read, from YAML.
//
// Berth has a table of its own (builtin.yaml); people add theirs in the same form, and an entry of theirs
// takes the place of one of the same group and kind. docs/reference/adapters.md describes the form.
// Thread-safety: values; builtin() is a constant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/adapters/adapter.h"

namespace berth::adapters {

class Table {
 public:
  // Errors name the entry, the field and what would be right.
  static Result<Table> parse(std::string_view yaml);

  // nullptr: no adapter reads the kind.
  [[nodiscard]] const Adapter* find(std::string_view group, std::string_view kind) const;
  [[nodiscard]] const std::vector<Adapter>& all() const { return adapters_; }

  // This table with those entries, too; of two for one kind that of `more` stays.
  [[nodiscard]] Table joined(const Table& more) const;

 private:
  void name_kinds();

  std::vector<Adapter> adapters_;
};

// Berth's own.
const Table& builtin();

}  // namespace berth::adapters
