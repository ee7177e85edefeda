// InternalNumbers: which numbers a policy calls internal, as CEL that asks it of one object.
//
// Literals only: a policy with parameters loses its wall for some seconds whenever the API server starts
// (kubernetes/kubernetes #122658), and lists are asked by `in`, for `exists` over two hundred takes longer
// than the request. Thread-safety: constant after construction.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/port.h"
#include "core/exposure/policy_table.h"

namespace berth::wall {

class InternalNumbers {
 public:
  // What `table` says at `now`. A number with an exception in force is let through in the namespace of its
  // workload, whichever workload asks: which one that is shows only in the whole cluster.
  InternalNumbers(const exposure::PolicyTable& table, Instant now);

  // There is none.
  [[nodiscard]] bool empty() const;

  // CEL: the words of the first of `numbers`, a list of ints, that is internal for `protocol`, the name of
  // one: "port 5432 (PostgreSQL)"; "" when none is. Both are CEL, too. Reads `variables.names`, which names()
  // must stand for.
  [[nodiscard]] std::string first_internal(const std::string& numbers, const std::string& protocol) const;
  [[nodiscard]] std::string names() const;

  // When an exception ends, and the wall must be built anew.
  [[nodiscard]] std::optional<Instant> changes_at() const { return changes_at_; }

 private:
  struct OfProtocol {
    std::vector<PortSpan> spans = {};                                // normalized
    std::map<std::string, std::vector<std::int64_t>> excepted = {};  // by namespace
  };

  [[nodiscard]] const OfProtocol& of(Protocol protocol) const {
    return by_protocol_[static_cast<std::size_t>(protocol)];
  }

  std::array<OfProtocol, 3> by_protocol_ = {};
  std::map<std::string, std::string> names_ = {};  // "5432/TCP" -> "port 5432 (PostgreSQL)"
  std::optional<Instant> changes_at_ = {};
};

}  // namespace berth::wall
