#include "core/relabelling.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "core/exposure/findings.h"
#include "core/exposure/network_policies.h"
#include "core/exposure/network_sets.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/relabelled.h"
#include "core/exposure/rule_catalogue.h"
#include "core/exposure/ways_out.h"
#include "core/exposure/wording.h"

namespace berth {
namespace {

using exposure::Facts;
using exposure::Finding;
using exposure::WayOut;

void append(std::vector<WayOut>& ways, std::vector<WayOut> more) {
  std::move(more.begin(), more.end(), std::back_inserter(ways));
}

// Those that stand in the namespace, wherever they lead.
std::set<const Entrance*> entrances_in(const std::string& ns, const Facts& facts) {
  std::set<const Entrance*> found;
  for (const std::string& into : facts.namespaces()) {
    for (const Entrance* entrance : facts.entrances(into)) {
      if (entrance->meta.ns == ns) found.insert(entrance);
    }
  }
  return found;
}

std::vector<const NetworkPolicy*> cluster_wide_ones(const std::string& ns, const Facts& facts) {
  std::vector<const NetworkPolicy*> found = facts.network_policies(ns);
  std::erase_if(found, [](const NetworkPolicy* policy) { return !policy->cluster_wide; });
  return found;
}

bool is_among(const NetworkPolicy* policy, const std::vector<const NetworkPolicy*>& policies) {
  return std::find(policies.begin(), policies.end(), policy) != policies.end();
}

// Those that let in a set of the namespace, whose labels are among what they ask for.
std::set<const NetworkPolicy*> policies_meaning_sets_in(const std::string& ns, const Facts& facts) {
  std::set<const NetworkPolicy*> found;
  for (const NetworkSet* set : facts.network_sets()) {
    if (set->meta.ns != ns) continue;
    for (const NetworkPolicy* policy : policies_meaning(*set, facts)) found.insert(policy);
  }
  return found;
}

std::vector<WayOut> opened_ways(const std::string& ns, const Facts& before, const Facts& after) {
  std::vector<WayOut> ways;
  for (const Entrance* entrance : entrances_in(ns, after)) {
    append(ways, added(ways_of(*entrance, before), ways_of(*entrance, after)));
  }
  const std::set<const NetworkPolicy*> by_sets = policies_meaning_sets_in(ns, after);
  for (const NetworkPolicy* policy : by_sets) {
    append(ways, added(ways_of(*policy, before), ways_of(*policy, after)));
  }
  const std::vector<const NetworkPolicy*> were = cluster_wide_ones(ns, before);
  const std::vector<const NetworkPolicy*> are = cluster_wide_ones(ns, after);
  exposure::Neighbourhood around(after, ns);
  exposure::WayCollection let_in;
  for (const NetworkPolicy* policy : are) {
    if (!is_among(policy, were) && !by_sets.contains(policy)) add_policy_ways(*policy, around, let_in);
  }
  append(ways, let_in.take());
  for (const NetworkPolicy* policy : were) {
    if (!is_among(policy, are)) append(ways, ways_left_open(*policy, ns, after));
  }
  return ways;
}

std::optional<Finding> left(const ExposurePolicy& policy, const Relabelling& change) {
  const LabelSelector& selector = policy.spec.namespace_selector;
  if (!matches(selector, change.before) || matches(selector, change.after)) return {};
  Finding finding;
  finding.decision = exposure::Decision::kWarn;
  finding.audit_only = policy.spec.action == "Audit";
  finding.rule = exposure::rule::kLeavesPolicy;
  finding.policy = exposure::one_line(policy.meta.name);
  finding.path = "Namespace " + exposure::one_line(change.ns);
  finding.message = exposure::policies_text({finding.policy}) + " would no longer be in force";
  finding.fix = "keep the labels that its spec.namespaceSelector asks for";
  return finding;
}

}  // namespace

exposure::Verdict judge(const Relabelling& change, const Facts& facts, Instant now) {
  exposure::Verdict verdict;
  const std::vector<const ExposurePolicy*> policies = facts.policies();
  if (policies.empty() || change.before == change.after) return verdict;
  std::vector<exposure::PolicyTable> tables;
  for (const ExposurePolicy* policy : policies) tables.emplace_back(*policy);
  const exposure::RelabelledFacts before(facts, change.ns, change.before);
  const exposure::RelabelledFacts after(facts, change.ns, change.after);
  verdict.findings = make_findings(opened_ways(change.ns, before, after), tables, after, false, now);
  for (const ExposurePolicy* policy : policies) {
    if (auto finding = left(*policy, change)) verdict.findings.push_back(*std::move(finding));
  }
  verdict.decision = strictest_of(verdict.findings);
  return verdict;
}

}  // namespace berth
