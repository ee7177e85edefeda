// How a report is shown: a table for people, JSON for programs.
//
// Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/lint.h"

namespace berth::cli {

// VERDICT OBJECT PORT POLICY REASON, beneath each finding its path and what to write instead, and a summary.
// `colour`: the verdict in ANSI colours.
std::string to_table(const Report& report, bool colour);

// The same without the summary; "" without entries.
std::string table_of(const std::vector<Entry>& entries, bool colour);

// Nothing from a manifest may move the cursor or forge a line.
std::string printable(std::string text);

// "Deny", as wide as the widest of them.
std::string painted(Decision decision, bool colour);

// "7 objects judged: 1 denied, ...", with its end of line.
std::string summary(const Report& report);

// What programs are told of an entry, in this order.
using ReportField = std::pair<std::string, std::variant<std::string, std::int64_t>>;
std::vector<ReportField> members_of(const Entry& entry);

// A list of {object, verdict, rule, policy, port, protocol, path, message, fix, file, line}: one element per
// finding, and one Allow per object without any. port 0: not known. What a policy only audits is an Allow
// with its text.
std::string to_json(const Report& report);

}  // namespace berth::cli
