// What the audit found in a namespace, as a Report of openreports.io that dashboards read.
//
// Only violations are in it, at most kMostResults of them; the summary counts all. Thread-safety: pure
// function.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/audit.h"
#include "core/base/instant.h"
#include "core/model/report.h"

namespace berth {

inline constexpr std::size_t kMostResults = 100;
// Of the text of one result, in bytes.
inline constexpr std::size_t kLongestMessage = 1024;

// nullopt: nothing is violated, and there is to be no report. A result that `present` has keeps its time, so
// that nothing is written when nothing has changed; foreign metadata of `present` stays.
std::optional<Report> audit_report(const std::string& ns, const NamespaceAudit& audited,
                                   const Report* present, Instant now);

}  // namespace berth
