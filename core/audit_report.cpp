#include "core/audit_report.h"

#include <algorithm>
#include <utility>

#include "core/base/api_names.h"

namespace berth {
namespace {

constexpr char kSource[] = "berth";
constexpr char kCategory[] = "Exposure";
constexpr char kSeverity[] = "high";

// Cut at a whole UTF-8 character.
std::string shortened(std::string text) {
  if (text.size() <= kLongestMessage) return text;
  std::size_t end = kLongestMessage - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end) + "...";
}

// Without the uid and version of one moment.
ObjectReference lasting(ObjectReference object) {
  object.uid = {};
  object.resource_version.clear();
  return object;
}

ReportResult result_of(const Violation& violation) {
  const exposure::Finding& finding = violation.finding;
  ReportResult result;
  result.policy = violation.policy;
  result.rule = finding.rule;
  result.category = kCategory;
  result.severity = kSeverity;
  result.result = "fail";
  result.message = shortened(finding.message + ": " + finding.path + "; fix: " + finding.fix);
  result.resources = {lasting(violation.object)};
  result.properties = {{"via", finding.via}, {"protocol", finding.protocol}};
  if (finding.port != 0) result.properties["port"] = std::to_string(finding.port);
  return result;
}

ReportTime time_of(const ReportResult& result, const Report* present, Instant now) {
  if (present != nullptr) {
    const auto same =
        std::find_if(present->results.begin(), present->results.end(), [&](ReportResult before) {
          before.timestamp = {};
          return before == result;
        });
    if (same != present->results.end()) return same->timestamp;
  }
  return {now.milliseconds / 1000, 0};
}

}  // namespace

std::optional<Report> audit_report(const std::string& ns, const NamespaceAudit& audited,
                                   const Report* present, Instant now) {
  if (audited.violations.empty()) return std::nullopt;
  Report report;
  if (present != nullptr) report.meta = present->meta;
  report.meta.ns = ns;
  report.meta.name = kAuditReport;
  report.meta.labels[kManagedByLabel] = kManagedByValue;
  report.source = kSource;
  report.summary.fail = static_cast<std::int64_t>(audited.violations.size());
  for (const Violation& violation : audited.violations) {
    if (report.results.size() == kMostResults) break;
    ReportResult result = result_of(violation);
    result.timestamp = time_of(result, present, now);
    report.results.push_back(std::move(result));
  }
  return report;
}

}  // namespace berth
