// Reports of what stands that a policy forbids. Source: openreports.io/v1alpha1.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, ReportTime& time) {
  wide_member(archive, "seconds", time.seconds, Write::kAlways);
  wide_member(archive, "nanos", time.nanos, Write::kAlways);
}

static void describe(Archive& archive, ReportResult& result) {
  member(archive, "policy", result.policy, Write::kAlways);
  member(archive, "rule", result.rule);
  member(archive, "category", result.category);
  member(archive, "severity", result.severity);
  member(archive, "result", result.result);
  member(archive, "message", result.message);
  member(archive, "resources", result.resources);
  member(archive, "properties", result.properties);
  member(archive, "timestamp", result.timestamp, Write::kAlways);
}

static void describe(Archive& archive, ReportSummary& summary) {
  wide_member(archive, "pass", summary.pass, Write::kAlways);
  wide_member(archive, "fail", summary.fail, Write::kAlways);
  wide_member(archive, "warn", summary.warn, Write::kAlways);
  wide_member(archive, "error", summary.error, Write::kAlways);
  wide_member(archive, "skip", summary.skip, Write::kAlways);
}

void describe(Archive& archive, Report& report) {
  member(archive, "metadata", report.meta, Write::kAlways);
  member(archive, "source", report.source);
  member(archive, "summary", report.summary, Write::kAlways);
  member(archive, "results", report.results);
}

}  // namespace berth::json
