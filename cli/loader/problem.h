// Problem: why a manifest cannot be read, and where.
//
// A loader lists every problem it finds instead of stopping at the first, so its functions take a collector
// rather than return a Result. Thread-safety: values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/loader/node.h"

namespace berth::cli {

struct Problem {
  std::string file = {};  // as the user wrote it; "-" is the standard input
  Mark mark = {};
  std::string message = {};  // names the value and what to write instead

  bool operator==(const Problem&) const = default;
};

// A value as a message shows it: in double quotes, control characters as \\xNN, at most 60 bytes of it.
std::string quoted(std::string_view value);

// "web.yaml:12:7: error: <message>", the form that editors and CI understand; a place that is not known is
// left out.
std::string to_string(const Problem& problem, const char* severity);

// Errors make the input unreadable (exit code 2); warnings only say what the API server would do with it.
struct Problems {
  std::vector<Problem> errors = {};
  std::vector<Problem> warnings = {};

  void error(std::string file, Mark mark, std::string message) {
    errors.push_back({std::move(file), mark, std::move(message)});
  }
  void warning(std::string file, Mark mark, std::string message) {
    warnings.push_back({std::move(file), mark, std::move(message)});
  }
};

}  // namespace berth::cli
