#include "core/connect.h"

#include <vector>

#include "core/exposure/findings.h"
#include "core/exposure/policy_table.h"

namespace berth {

exposure::Verdict judge(const exposure::Connection& connection, const exposure::Facts& facts, Instant now) {
  std::vector<exposure::PolicyTable> tables;
  for (const ExposurePolicy* policy : facts.policies()) tables.emplace_back(*policy);
  exposure::Verdict verdict;
  if (tables.empty()) return verdict;
  verdict.findings = make_findings(ways_by(connection, facts), tables, facts, false, now);
  verdict.decision = strictest_of(verdict.findings);
  return verdict;
}

}  // namespace berth
