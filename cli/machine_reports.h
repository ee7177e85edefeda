// Reports for machines that show them to people: SARIF for code scanning, JUnit for test results, annotations
// for the log of a GitHub workflow, and YAML.
//
// All of them leave nothing out that the table shows of a finding. Thread-safety: free functions.
#pragma once

#include <string>

#include "cli/lint.h"

namespace berth::cli {

// SARIF 2.1.0 (OASIS), one run. Deny is an error, Unknown and Warn are warnings, what is only audited is a
// note; objects without findings are not in it. Lines of 0 (a program made the object) become 1, as SARIF
// wants.
std::string to_sarif(const Report& report);

// One test case per object, of the class of its file; a denied one has failed, and what is only told stands
// in its output.
std::string to_junit(const Report& report);

// "::error file=...,line=...,title=...::..." per finding, and the summary of the table.
std::string to_github(const Report& report);

// The list of to_json() as YAML 1.2.
std::string to_yaml(const Report& report);

}  // namespace berth::cli
