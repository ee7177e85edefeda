// Who an object is: its key (namespace and name, which can be reused) and its Uid (which cannot).
#pragma once

#include <compare>
#include <string>

namespace berth {

// A name is not an identity: two objects may bear one key after another. Decisions that destroy compare Uid.
struct ObjectKey {
  std::string ns = {};  // "" for cluster-scoped kinds
  std::string name = {};

  auto operator<=>(const ObjectKey&) const = default;
};

// "namespace/name", or "name" for cluster-scoped kinds.
inline std::string to_string(const ObjectKey& key) {
  return key.ns.empty() ? key.name : key.ns + "/" + key.name;
}

struct Uid {
  std::string text = {};

  [[nodiscard]] bool empty() const { return text.empty(); }
  auto operator<=>(const Uid&) const = default;
};

}  // namespace berth
