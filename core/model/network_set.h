// NetworkSet: networks under a name and labels, which policies of another project let in by selecting it
// (exposure.md row 58), and how such a policy says which of them it means.
//
// Kinds are told apart where they are read (kube/adapters). Thread-safety: values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/meta.h"

namespace berth {

// Whose policies select it. Those of one project know nothing of the sets of another.
enum class PolicyProject { kCilium, kCalico };

struct NetworkSet {
  std::string kind = {};  // "GlobalNetworkSet", ...: as messages say it
  PolicyProject project = PolicyProject::kCalico;
  Meta meta = {};  // without a namespace: of the whole cluster
  std::vector<std::string> networks = {};

  bool operator==(const NetworkSet&) const = default;
};

// What a set must be like: both must hold.
struct NetworkSetTerm {
  LabelSelector labels = {};
  LabelSelector namespaces = {};  // of the labels of its namespace; a set without one has none of them

  bool operator==(const NetworkSetTerm&) const = default;
};

struct NetworkSetSelector {
  PolicyProject project = PolicyProject::kCalico;
  std::string name = {};          // "" = whatever it is called
  bool of_own_namespace = false;  // only sets of the namespace of the policy, where it has one
  std::vector<std::vector<NetworkSetTerm>> all_of = {};  // of each list one must hold
  std::vector<std::string> within = {};                  // only what is in these networks; empty: everything

  bool operator==(const NetworkSetSelector&) const = default;
};

// `policy_namespace`: of the policy that says so. `labels`: those of the set's namespace; nullptr: it has
// none, or they are not known.
bool selects(const NetworkSetSelector& selector, std::string_view policy_namespace, const NetworkSet& set,
             const Labels* labels);

}  // namespace berth
