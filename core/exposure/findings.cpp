#include "core/exposure/findings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/exposure/rules.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

// What one policy says of one way; no objection = it lets the way out.
struct Opinion {
  std::string policy;
  std::optional<Objection> objection;
};

bool stricter(const Objection& left, const Objection& right) {
  if (left.decision != right.decision) return left.decision > right.decision;
  return left.ground < right.ground;
}

std::optional<Finding> strictest(const WayOut& way, const std::vector<Opinion>& opinions,
                                 bool judged_is_workload) {
  const Objection* decisive = nullptr;
  for (const Opinion& opinion : opinions) {
    if (opinion.objection && (decisive == nullptr || stricter(*opinion.objection, *decisive))) {
      decisive = &*opinion.objection;
    }
  }
  if (decisive == nullptr) return std::nullopt;

  std::vector<std::string> agree;
  std::vector<std::string> object_too;
  std::vector<std::string> let_out;
  for (const Opinion& opinion : opinions) {
    if (!opinion.objection) {
      let_out.push_back(opinion.policy);
    } else if (opinion.objection->ground == decisive->ground &&
               opinion.objection->number == decisive->number &&
               opinion.objection->decision == decisive->decision) {
      agree.push_back(opinion.policy);
    } else {
      object_too.push_back(opinion.policy);
    }
  }
  Finding finding;
  finding.decision = decisive->decision;
  finding.rule = rule_of(decisive->ground);
  finding.policy = joined(agree);
  finding.port = decisive->number;
  finding.protocol = to_string(way.protocol);
  finding.via = to_string(way.via);
  finding.path = path_of(way);
  finding.message = decisive->reason + " by " + policies_text(agree) + decisive->consequence;
  if (!object_too.empty()) finding.message += "; " + policies_text(object_too) + " would object too";
  if (!let_out.empty()) {
    finding.message += "; " + policies_text(let_out) + " would let it out, but the strictest decides";
  }
  finding.fix = fix_for(way, *decisive, judged_is_workload);
  return finding;
}

// What a hidden node port shares with its load balancer.
using Twin = std::tuple<const ServicePort*, const Workload*, std::int64_t, bool, std::string_view>;

Twin twin_of(const JudgedWay& candidate) {
  const WayOut& way = *candidate.way;
  return {way.service_port, way.workload, way.container_port, candidate.finding.audit_only,
          candidate.finding.message};
}

bool is_hidden_node_port(const WayOut& way) {
  return way.via == Via::kNodePort && way.entrance == nullptr && !way.health_check &&
         way.service->type == "LoadBalancer";
}

}  // namespace

std::vector<JudgedWay> judged_ways(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now) {
  std::vector<JudgedWay> candidates;
  for (const WayOut& way : ways) {
    std::vector<Opinion> enforced;
    std::vector<Opinion> audited;
    for (const PolicyTable& table : policies) {
      const ExposurePolicy& policy = table.policy();
      const bool everywhere = policy.spec.namespace_selector.empty();
      if (!everywhere && !in_force(policy, way.namespaces(), facts)) continue;
      std::vector<Opinion>& opinions = policy.spec.action == "Audit" ? audited : enforced;
      opinions.push_back({one_line(policy.meta.name), objection(way, table, facts, now)});
    }
    if (std::optional<Finding> finding = strictest(way, enforced, judged_is_workload)) {
      candidates.push_back({&way, std::move(*finding)});
    }
    if (std::optional<Finding> finding = strictest(way, audited, judged_is_workload)) {
      finding->audit_only = true;
      candidates.push_back({&way, std::move(*finding)});
    }
  }
  std::set<Twin> balancers;
  for (const JudgedWay& candidate : candidates) {
    if (candidate.way->via == Via::kLoadBalancer) balancers.insert(twin_of(candidate));
  }
  std::erase_if(candidates, [&](const JudgedWay& candidate) {
    return is_hidden_node_port(*candidate.way) && balancers.contains(twin_of(candidate));
  });
  return candidates;
}

std::vector<Finding> make_findings(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now) {
  std::vector<Finding> findings;
  for (JudgedWay& judged : judged_ways(ways, policies, facts, judged_is_workload, now)) {
    findings.push_back(std::move(judged.finding));
  }
  return findings;
}

}  // namespace berth::exposure
