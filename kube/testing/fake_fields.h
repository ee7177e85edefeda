// FakeFields: who owns which field of an object, and what server-side apply makes of that.
//
// Private to the fake API server. A simplification of structured-merge-diff: one owner set per leaf; lists
// are atomic except those keyed as Kubernetes keys them (Service ports by port and protocol, owner references
// by uid, conditions by type); selectors are atomic. Thread-safety: values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/json/tree.h"

namespace berth::testing {

// Leaf path (steps joined by an unprintable character) -> managers.
using FieldOwners = std::map<std::string, std::set<std::string>>;

struct Applied {
  json::Tree object = {};
  FieldOwners owners = {};
  // Set when another manager owns a field with another value, and force was not given: "<manager>" and the
  // field as the API server prints it.
  std::optional<std::pair<std::string, std::string>> conflict = {};
};

// `config` is what `manager` wants; `live` null: the object is made of it alone.
Applied apply_fields(const json::Tree* live, const FieldOwners& owners, const json::Tree& config,
                     const std::string& manager, bool force);

// After a write other than apply: what it changed belongs to its manager alone.
FieldOwners owners_after_update(const json::Tree* before, const json::Tree& after, const FieldOwners& owners,
                                const std::string& manager);

// RFC 7386.
json::Tree merge_patched(json::Tree target, const json::Tree& patch);

}  // namespace berth::testing
