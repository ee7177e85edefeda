#include "cli/report.h"

#include <algorithm>
#include <array>

#include "core/base/control_character.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

constexpr std::size_t kColumns = 4;  // before the reason, which ends the line
using Row = std::array<std::string, kColumns + 1>;

Decision shown(const Finding& finding) { return finding.audit_only ? Decision::kAllow : finding.decision; }

std::string reason(const Finding& finding) {
  return finding.audit_only ? "only audited: " + finding.message : finding.message;
}

std::string port(const Finding& finding) {
  if (finding.path.empty()) return "-";
  return (finding.port == 0 ? "?" : std::to_string(finding.port)) + "/" + finding.protocol;
}

const char* ansi(Decision decision) {
  switch (decision) {
    case Decision::kAllow:
      return "\x1b[32m";
    case Decision::kWarn:
    case Decision::kUnknown:
      return "\x1b[33m";
    case Decision::kDeny:
      return "\x1b[31m";
  }
  return "";
}

// Characters, not bytes: names may hold more than ASCII.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string plural(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string printable(std::string text) {
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

std::string painted(Decision decision, bool colour) {
  constexpr std::size_t kWidest = 7;  // Unknown
  const std::string word = to_string(decision);
  const std::string blanks(kWidest - word.size(), ' ');
  return colour ? ansi(decision) + word + "\x1b[0m" + blanks : word + blanks;
}

std::string summary(const Report& report) {
  const std::size_t allowed = report.judged - report.denied - report.unknown - report.warned;
  std::string text = plural(report.judged, "object") + " judged: " + std::to_string(report.denied) +
                     " denied, " + std::to_string(report.unknown) + " unknown, " +
                     std::to_string(report.warned) + " warned, " + std::to_string(allowed) + " allowed";
  if (report.other > 0) text += "; " + plural(report.other, "object") + " of kinds that open no way outside";
  return text + "\n";
}

std::string to_table(const Report& report, bool colour) {
  return table_of(report.entries, colour) + summary(report);
}

std::string table_of(const std::vector<Entry>& entries, bool colour) {
  std::vector<Row> rows = {{"VERDICT", "OBJECT", "PORT", "POLICY", "REASON"}};
  for (const Entry& entry : entries) {
    const Finding& finding = entry.finding;
    rows.push_back({to_string(shown(finding)), printable(entry.object), port(finding),
                    finding.policy.empty() ? "-" : printable(finding.policy),
                    finding.message.empty() ? "-" : printable(reason(finding))});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size() && rows.size() > 1; ++r) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      const bool painted = colour && r > 0 && i == 0;
      if (painted) text += ansi(shown(entries[r - 1].finding));
      text += rows[r][i];
      if (painted) text += "\x1b[0m";
      text.append(widths[i] - width(rows[r][i]) + 2, ' ');
    }
    text += rows[r][kColumns] + "\n";
    if (r == 0) continue;
    const Finding& finding = entries[r - 1].finding;
    const std::string indent(widths[0] + 2, ' ');
    if (!finding.path.empty()) text += indent + "path: " + printable(finding.path) + "\n";
    if (!finding.fix.empty()) text += indent + "fix:  " + printable(finding.fix) + "\n";
  }
  if (rows.size() > 1) text += "\n";
  return text;
}

std::vector<ReportField> members_of(const Entry& entry) {
  const Finding& finding = entry.finding;
  return {{"object", entry.object},
          {"verdict", to_string(shown(finding))},
          {"rule", finding.rule},
          {"policy", finding.policy},
          {"port", finding.port},
          {"protocol", finding.protocol},
          {"path", finding.path},
          {"message", reason(finding)},
          {"fix", finding.fix},
          {"file", entry.file},
          {"line", static_cast<std::int64_t>(entry.line)}};
}

std::string to_json(const Report& report) {
  json::Writer writer;
  writer.begin_list();
  for (const Entry& entry : report.entries) {
    writer.begin_object();
    for (const auto& [name, value] : members_of(entry)) {
      std::visit([&, &key = name](const auto& one) { writer.member(key, one); }, value);
    }
    writer.end_object();
  }
  writer.end_list();
  return writer.take() + "\n";
}

}  // namespace berth::cli
