// Report: what a program that checks policies has found in a namespace, for dashboards that read them all.
//
// Only what the audit writes. Source: openreports.io/v1alpha1 (openreports/reports-api), the successor of
// wgpolicyk8s.io PolicyReports.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "core/model/meta.h"

namespace berth {

// metav1.Timestamp.
struct ReportTime {
  std::int64_t seconds = 0;  // since the Unix epoch
  std::int64_t nanos = 0;

  bool operator==(const ReportTime&) const = default;
};

struct ReportResult {
  std::string policy = {};
  std::string rule = {};
  std::string category = {};
  std::string severity = {};  // critical, high, medium, low, info
  std::string result = {};    // pass, fail, warn, error, skip
  std::string message = {};
  std::vector<ObjectReference> resources = {};
  std::map<std::string, std::string> properties = {};
  ReportTime timestamp = {};

  bool operator==(const ReportResult&) const = default;
};

struct ReportSummary {
  std::int64_t pass = 0;
  std::int64_t fail = 0;
  std::int64_t warn = 0;
  std::int64_t error = 0;
  std::int64_t skip = 0;

  bool operator==(const ReportSummary&) const = default;
};

struct Report {
  Meta meta = {};
  std::string source = {};
  ReportSummary summary = {};
  std::vector<ReportResult> results = {};

  bool operator==(const Report&) const = default;
};

}  // namespace berth
