#include "core/model/meta.h"

#include <algorithm>

namespace berth {
namespace {

bool holds(const LabelRequirement& requirement, const Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), label->second) !=
           requirement.values.end();
  };
  if (requirement.op == "Exists") return present;
  if (requirement.op == "DoesNotExist") return !present;
  if (requirement.op == "In") return present && listed();
  if (requirement.op == "NotIn") return !present || !listed();
  return false;
}

}  // namespace

bool matches_labels(const Labels& wanted, const Labels& labels) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto label = labels.find(entry.first);
    return label != labels.end() && label->second == entry.second;
  });
}

bool matches(const LabelSelector& selector, const Labels& labels) {
  return matches_labels(selector.match_labels, labels) &&
         std::all_of(selector.match_expressions.begin(), selector.match_expressions.end(),
                     [&](const LabelRequirement& requirement) { return holds(requirement, labels); });
}

const Condition* find_condition(const std::vector<Condition>& conditions, const std::string& type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& condition) { return condition.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

std::vector<Condition> merged_conditions(const std::vector<Condition>& present, std::vector<Condition> wanted,
                                         Instant now) {
  for (Condition& condition : wanted) {
    const Condition* before = find_condition(present, condition.type);
    const bool unchanged = before != nullptr && before->status == condition.status;
    condition.last_transition_time = unchanged ? before->last_transition_time : to_rfc3339(now);
  }
  for (const Condition& condition : present) {
    if (find_condition(wanted, condition.type) == nullptr) wanted.push_back(condition);
  }
  return wanted;
}

}  // namespace berth
