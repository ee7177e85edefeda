// The rules that findings are of, for people who read an id in a report.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

std::vector<std::string_view> rule_ids();

// What is found, why that matters, an example and what to do; nullopt for an id that no rule has.
std::optional<std::string> rule_text(const std::string& id);

}  // namespace berth::cli
