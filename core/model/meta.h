// What every Kubernetes object carries: metadata, label selectors, conditions.
//
// Plain data, compared with ==. A field the product never reads is not here; writers send only what they own.
// Source: apimachinery meta/v1.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/object_key.h"

namespace berth {

using Labels = std::map<std::string, std::string>;

struct OwnerReference {
  std::string api_version = {};
  std::string kind = {};
  std::string name = {};
  Uid uid = {};
  bool controller = false;
  bool block_owner_deletion = controller;  // what we control holds us until it is gone itself

  bool operator==(const OwnerReference&) const = default;
};

struct Meta {
  std::string name = {};
  std::string ns = {};             // metadata.namespace
  std::string generate_name = {};  // a name that the API server has not finished yet
  Uid uid = {};
  std::string resource_version = {};
  std::int64_t generation = 0;
  std::string creation_timestamp = {};  // RFC 3339, "" before creation
  std::string deletion_timestamp = {};  // "" unless the object is being deleted
  Labels labels = {};
  Labels annotations = {};
  std::vector<OwnerReference> owner_references = {};
  std::vector<std::string> finalizers = {};

  bool operator==(const Meta&) const = default;
  [[nodiscard]] ObjectKey key() const { return {ns, name}; }
  [[nodiscard]] bool deleting() const { return !deletion_timestamp.empty(); }
};

// One expression of a LabelSelector; operators In, NotIn, Exists, DoesNotExist.
struct LabelRequirement {
  std::string key = {};
  std::string op = {};
  std::vector<std::string> values = {};

  bool operator==(const LabelRequirement&) const = default;
};

// metav1.LabelSelector: all parts must hold; an empty selector matches everything.
struct LabelSelector {
  Labels match_labels = {};
  std::vector<LabelRequirement> match_expressions = {};

  bool operator==(const LabelSelector&) const = default;
  [[nodiscard]] bool empty() const { return match_labels.empty() && match_expressions.empty(); }
};

// Every entry of `wanted` is present in `labels` (a core/v1 Service selector; true for an empty one).
bool matches_labels(const Labels& wanted, const Labels& labels);
// Unknown operators match nothing: an unreadable selector must not widen what it selects.
bool matches(const LabelSelector& selector, const Labels& labels);

// metav1.Condition.
struct Condition {
  std::string type = {};
  std::string status = {};  // True, False or Unknown
  std::int64_t observed_generation = 0;
  std::string last_transition_time = {};
  std::string reason = {};
  std::string message = {};

  bool operator==(const Condition&) const = default;
};

// The condition of that type, or nullptr.
const Condition* find_condition(const std::vector<Condition>& conditions, const std::string& type);

// The conditions to write: `wanted` in its order, then foreign ones of `present`. A condition whose status
// did not change keeps its lastTransitionTime, so that an unchanged status compares equal and is not written
// (conventions.md, hot loops).
std::vector<Condition> merged_conditions(const std::vector<Condition>& present, std::vector<Condition> wanted,
                                         Instant now);

}  // namespace berth
