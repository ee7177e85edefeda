#include "cli/machine_reports.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/report.h"
#include "cli/yaml_output.h"
#include "core/base/control_character.h"
#include "core/base/version.h"
#include "core/exposure/rule_catalogue.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

bool says_nothing(const Entry& entry) { return entry.finding.message.empty(); }

// "..., fix: ..." on one line.
std::string whole_text(const Finding& finding) {
  std::string text = finding.message;
  if (!finding.path.empty()) text += ": " + finding.path;
  if (!finding.fix.empty()) text += "; fix: " + finding.fix;
  return text;
}

const char* sarif_level(const Finding& finding) {
  if (finding.audit_only) return "note";
  return finding.decision == Decision::kDeny ? "error" : "warning";
}

void write_rules(json::Writer& writer) {
  writer.key("rules").begin_list();
  for (const exposure::RuleText& rule : exposure::rule_catalogue()) {
    writer.begin_object().member("id", rule.id);
    writer.key("shortDescription").begin_object().member("text", rule.what).end_object();
    writer.key("fullDescription").begin_object().member("text", rule.why).end_object();
    writer.key("help").begin_object().member("text", rule.fix).end_object();
    writer.end_object();
  }
  writer.end_list();
}

void write_result(json::Writer& writer, const Entry& entry) {
  writer.begin_object();
  writer.member("ruleId", entry.finding.rule);
  writer.member("level", sarif_level(entry.finding));
  writer.key("message")
      .begin_object()
      .member("text", entry.object + ": " + whole_text(entry.finding))
      .end_object();
  writer.key("locations").begin_list().begin_object().key("physicalLocation").begin_object();
  writer.key("artifactLocation").begin_object().member("uri", entry.file).end_object();
  writer.key("region").begin_object().member("startLine", static_cast<std::int64_t>(std::max(entry.line, 1)));
  writer.end_object().end_object().end_object().end_list();
  writer.end_object();
}

// XML 1.0 has no place for control characters, escaped or not.
std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
        escaped += "&#10;";
        break;
      default:
        escaped += is_control(c) ? '?' : c;
    }
  }
  return escaped;
}

// Of a workflow command: what ends it, and in a property what ends that.
std::string command_text(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '%':
        escaped += "%25";
        break;
      case '\r':
        escaped += "%0D";
        break;
      case '\n':
        escaped += "%0A";
        break;
      case ':':
        escaped += property ? "%3A" : ":";
        break;
      case ',':
        escaped += property ? "%2C" : ",";
        break;
      default:
        escaped += is_control(c) ? '?' : c;
    }
  }
  return escaped;
}

const char* command_of(const Finding& finding) {
  if (finding.audit_only) return "notice";
  return finding.decision == Decision::kDeny ? "error" : "warning";
}

// Findings of one object stand together.
std::vector<std::vector<const Entry*>> by_object(const Report& report) {
  std::vector<std::vector<const Entry*>> objects;
  for (const Entry& entry : report.entries) {
    const bool same = !objects.empty() && objects.back().front()->object == entry.object &&
                      objects.back().front()->file == entry.file &&
                      objects.back().front()->line == entry.line;
    if (!same) objects.emplace_back();
    objects.back().push_back(&entry);
  }
  return objects;
}

}  // namespace

std::string to_sarif(const Report& report) {
  json::Writer writer;
  writer.begin_object();
  writer.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json").member("version", "2.1.0");
  writer.key("runs").begin_list().begin_object();
  writer.key("tool").begin_object().key("driver").begin_object();
  writer.member("name", "berth").member("semanticVersion", kVersion);
  write_rules(writer);
  writer.end_object().end_object();
  writer.key("results").begin_list();
  for (const Entry& entry : report.entries) {
    if (!says_nothing(entry)) write_result(writer, entry);
  }
  writer.end_list().end_object().end_list().end_object();
  return writer.take() + "\n";
}

std::string to_junit(const Report& report) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"berth lint\" tests=\"" +
      std::to_string(report.judged) + "\" failures=\"" + std::to_string(report.denied) + "\">\n";
  for (const std::vector<const Entry*>& object : by_object(report)) {
    text += "    <testcase name=\"" + xml(object.front()->object) + "\" classname=\"" +
            xml(object.front()->file) + "\" line=\"" + std::to_string(object.front()->line) + "\">\n";
    std::string told;
    for (const Entry* entry : object) {
      const Finding& finding = entry->finding;
      if (says_nothing(*entry)) continue;
      if (finding.decision == Decision::kDeny && !finding.audit_only) {
        text += "      <failure type=\"" + xml(finding.rule) + "\" message=\"" + xml(finding.message) +
                "\">" + xml(finding.path + "\nfix: " + finding.fix) + "</failure>\n";
      } else {
        told += (told.empty() ? "" : "\n") + whole_text(finding);
      }
    }
    if (!told.empty()) text += "      <system-out>" + xml(told) + "</system-out>\n";
    text += "    </testcase>\n";
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

std::string to_github(const Report& report) {
  std::string text;
  for (const Entry& entry : report.entries) {
    if (says_nothing(entry)) continue;
    text += std::string("::") + command_of(entry.finding) + " file=" + command_text(entry.file, true) +
            ",line=" + std::to_string(std::max(entry.line, 1)) +
            ",title=" + command_text(entry.object + " (" + entry.finding.rule + ")", true) + "::" +
            command_text(entry.finding.message + "\n" + entry.finding.path + "\nfix: " + entry.finding.fix,
                         false) +
            "\n";
  }
  return text + summary(report);
}

std::string to_yaml(const Report& report) { return yaml_of_json(to_json(report)); }

}  // namespace berth::cli
