// The help texts. Thread-safety: pure functions.
#pragma once

#include <string>

namespace berth::cli {

// `program` is how the user calls it: "berth" or "kubectl berth".
std::string main_help(const std::string& program);
std::string export_help(const std::string& program);
std::string check_help(const std::string& program);
std::string lint_help(const std::string& program);
std::string version_help(const std::string& program);
std::string explain_help(const std::string& program);
std::string what_if_help(const std::string& program);

// How to ask for an exception from an ExposurePolicy: what a denial points to.
std::string exception_text();

}  // namespace berth::cli
