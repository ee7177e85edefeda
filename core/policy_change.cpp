#include "core/policy_change.h"

#include <cassert>
#include <set>
#include <utility>

#include "core/exposure/findings.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/ways_out.h"
#include "core/exposure/wording.h"

namespace berth {

using exposure::Decision;

std::vector<StandingWay> standing_ways(const std::string& ns, const exposure::Facts& facts, Instant now) {
  const std::vector<exposure::WayOut> ways = ways_into(ns, facts);
  std::vector<exposure::PolicyTable> tables;
  for (const ExposurePolicy* policy : facts.policies()) tables.emplace_back(*policy);
  std::set<const exposure::WayOut*> told;
  for (const exposure::JudgedWay& judged : judged_ways(ways, tables, facts, false, now)) {
    told.insert(judged.way);
  }
  std::vector<StandingWay> standing;
  for (const exposure::WayOut& way : ways) {
    StandingWay one{opener_of(way), told.contains(&way), {}};
    for (exposure::Finding& finding : make_findings({way}, tables, facts, false, now)) {
      if (!finding.audit_only) one.finding = std::move(finding);
    }
    one.finding.path = path_of(way);
    standing.push_back(std::move(one));
  }
  return standing;
}

PolicyChange compare(const std::vector<StandingWay>& before, const std::vector<StandingWay>& after) {
  assert(before.size() == after.size());
  PolicyChange change;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Decision was = before[i].finding.decision;
    const Decision would_be = after[i].finding.decision;
    if (would_be > was && after[i].told) change.stricter.push_back(after[i]);
    if (was == Decision::kDeny && would_be != was && before[i].told) change.milder.push_back(before[i]);
  }
  return change;
}

}  // namespace berth
