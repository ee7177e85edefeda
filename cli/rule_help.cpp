#include "cli/rule_help.h"

#include "core/exposure/rule_catalogue.h"

namespace berth::cli {

std::vector<std::string_view> rule_ids() {
  std::vector<std::string_view> ids;
  for (const exposure::RuleText& rule : exposure::rule_catalogue()) ids.push_back(rule.id);
  return ids;
}

std::optional<std::string> rule_text(const std::string& id) {
  for (const exposure::RuleText& rule : exposure::rule_catalogue()) {
    if (rule.id != id) continue;
    return id + "\n\n" + std::string(rule.what) + "\n" + std::string(rule.why) +
           "\n\n  example: " + std::string(rule.example) + "\n  fix:     " + std::string(rule.fix) + "\n";
  }
  return std::nullopt;
}

}  // namespace berth::cli
