#include "cli/what_if.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <variant>

namespace berth::cli {
namespace {

std::vector<StandingWay> all_standing(const cluster::Picture& picture,
                                      const std::vector<std::string>& excluded, Instant now) {
  std::vector<StandingWay> all;
  for (const std::string& ns : picture.index.namespaces()) {
    if (std::find(excluded.begin(), excluded.end(), ns) != excluded.end()) continue;
    std::vector<StandingWay> more = standing_ways(ns, picture.index, now);
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  return all;
}

std::string name_of(const ObjectReference& object) {
  return object.kind + " " + to_string(ObjectKey{object.ns, object.name});
}

std::ptrdiff_t count(const WhatIf& result, Decision decision) {
  return std::count_if(result.change.stricter.begin(), result.change.stricter.end(),
                       [&](const StandingWay& way) { return way.finding.decision == decision; });
}

}  // namespace

WhatIf what_if(cluster::Picture& picture, const Loaded& policies,
               const std::vector<std::string>& excluded_namespaces, Instant now) {
  const std::vector<StandingWay> before = all_standing(picture, excluded_namespaces, now);
  for (const Object& object : policies.objects) {
    if (const auto* policy = std::get_if<ExposurePolicy>(&object.model)) {
      picture.index.put(std::make_shared<const ExposurePolicy>(*policy));
    }
  }
  const std::vector<StandingWay> after = all_standing(picture, excluded_namespaces, now);
  return {after.size(), compare(before, after)};
}

bool denies(const WhatIf& result) { return count(result, Decision::kDeny) > 0; }

Report report_of(const WhatIf& result) {
  Report report;
  for (const StandingWay& way : result.change.stricter) {
    report.entries.push_back({name_of(way.object), "", 0, way.finding});
  }
  for (const StandingWay& way : result.change.milder) {
    Finding finding = way.finding;
    finding.decision = Decision::kAllow;
    finding.message = "would not be denied any more: " + finding.message;
    finding.fix.clear();
    report.entries.push_back({name_of(way.object), "", 0, std::move(finding)});
  }
  return report;
}

std::string summary(const WhatIf& result) {
  return std::to_string(result.ways) + (result.ways == 1 ? " way out stands: " : " ways out stand: ") +
         std::to_string(count(result, Decision::kDeny)) + " would newly be denied, " +
         std::to_string(count(result, Decision::kUnknown)) + " newly unknown, " +
         std::to_string(count(result, Decision::kWarn)) + " newly warned of; " +
         std::to_string(result.change.milder.size()) + " that are denied today would not be any more\n";
}

}  // namespace berth::cli
