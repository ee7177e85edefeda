// NamespaceScope: the namespaces that an operator works in or sees, every one or those that are named.
//
// What is in another namespace is not seen, so nothing may be concluded from its absence: whoever takes away
// because something is not there asks the scope first. Thread-safety: a value.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace berth {

struct NamespaceScope {
  std::set<std::string, std::less<>> named = {};
  bool everywhere = named.empty();  // whatever is named; none at all: {{}, false}

  bool operator==(const NamespaceScope&) const = default;
  // Requires: a namespace, not the "" of cluster-scoped kinds.
  [[nodiscard]] bool covers(std::string_view ns) const { return everywhere || named.contains(ns); }
  // What a namespaced kind is listed and watched by, one after the other: "" is the whole cluster.
  [[nodiscard]] std::vector<std::string> watched() const {
    return everywhere ? std::vector<std::string>{""} : std::vector<std::string>(named.begin(), named.end());
  }
};

// "a,b". Errors: Malformed for an empty item (nobody means the whole cluster by a variable that is empty),
// one that occurs twice, and one that is no DNS label (RFC 1123: 1 to 63 of a-z, 0-9 and -, neither first nor
// last a -), which the name of every namespace is.
Result<NamespaceScope> parse_namespace_scope(std::string_view text);

}  // namespace berth
