#include "cli/loader/documents.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "cli/loader/json_text.h"
#include "cli/loader/limits.h"
#include "cli/loader/text_check.h"
#include "cli/loader/yaml_text.h"

namespace berth::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlank = " \t\r\n";

// The text between two "---" lines.
struct Chunk {
  std::string text = {};
  int first_line = 1;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Only comments and blank lines.
bool is_empty(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t end = std::min(chunk.find('\n'), chunk.size());
    const std::string_view line = trimmed(chunk.substr(0, end));
    if (!line.empty() && line.front() != '#') return false;
    chunk.remove_prefix(std::min(end + 1, chunk.size()));
  }
  return true;
}

// Where the first line of content starts with '%'. kubectl cuts a directive off from its document.
bool starts_with_directive(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t end = std::min(chunk.find('\n'), chunk.size());
    const std::string_view line = chunk.substr(0, end);
    const std::string_view content = trimmed(line);
    if (!content.empty() && content.front() != '#') return line.front() == '%';
    chunk.remove_prefix(std::min(end + 1, chunk.size()));
  }
  return false;
}

// apimachinery's YAMLReader: a line that starts with "---" separates, whatever surrounds it; only blanks and
// a comment may follow it. "\r\n" becomes "\n".
std::vector<Chunk> split(std::string_view text, const std::string& file, Problems& problems) {
  std::vector<Chunk> chunks(1);
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("---")) {
      chunks.back().text.append(line).append("\n");
      continue;
    }
    const std::string_view rest = trimmed(line.substr(3));
    if (!rest.empty() && rest.front() != '#') {
      problems.error(
          file, {line_number, 4},
          quoted(rest) +
              " stands on the line of \"---\", where kubectl reads nothing; put it on its own line");
    }
    chunks.push_back({"", line_number + 1});
  }
  return chunks;
}

// A Helm or Go template that was not rendered: what fails to parse and has "{{" in it. Rendered manifests may
// hold "{{" in strings (alert rules, dashboards) and parse well.
std::optional<Mark> template_mark(std::string_view text, int first_line) {
  const std::size_t at = text.find("{{");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return Mark{first_line + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
              static_cast<int>(at - line_start) + 1};
}

constexpr char kTemplate[] =
    "this is a template (\"{{\") and not a manifest yet; lint the rendered output, for example: helm "
    "template "
    "CHART | berth lint -";

std::vector<Document> read_yaml(std::string_view text, const std::string& file, Problems& problems) {
  std::vector<Document> documents;
  for (const Chunk& chunk : split(text, file, problems)) {
    if (is_empty(chunk.text)) continue;
    if (chunk.text.size() > kMaxYamlDocumentBytes) {
      problems.error(file, {chunk.first_line, 1},
                     "the document is larger than " + std::to_string(kMaxYamlDocumentBytes >> 20U) +
                         " MiB; split it, or write it as JSON (up to " +
                         std::to_string(kMaxJsonDocumentBytes >> 20U) + " MiB)");
      continue;
    }
    if (starts_with_directive(chunk.text)) {
      problems.error(file, {chunk.first_line, 1}, "YAML directives (%) are not read; remove the line");
      continue;
    }
    auto parsed = parse_yaml(chunk.text, chunk.first_line);
    if (auto* root = std::get_if<std::optional<Node>>(&parsed)) {
      if (root->has_value()) documents.push_back({file, std::move(**root)});
      continue;
    }
    Refusal& refusal = std::get<Refusal>(parsed);
    if (const std::optional<Mark> mark = template_mark(chunk.text, chunk.first_line)) {
      problems.error(file, *mark, kTemplate);
      return documents;  // the rest of the file is of the same kind
    }
    problems.error(file, refusal.mark, std::move(refusal.message));
  }
  return documents;
}

}  // namespace

std::vector<Document> read_documents(std::string_view bytes, const std::string& file, Problems& problems) {
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (const std::optional<Refusal> refusal = check_utf8(bytes)) {
    problems.error(file, refusal->mark, refusal->message);
    return {};
  }
  std::optional<Refusal> not_json;
  if (trimmed(bytes).starts_with('{')) {
    auto parsed = parse_json(bytes);
    if (auto* nodes = std::get_if<std::vector<Node>>(&parsed)) {
      std::vector<Document> documents;
      for (Node& node : *nodes) {
        if (!node.is_null()) documents.push_back({file, std::move(node)});
      }
      return documents;
    }
    not_json = std::get<Refusal>(std::move(parsed));
    if (!not_json->syntax) {
      problems.error(file, not_json->mark, not_json->message);
      return {};
    }
  }
  if (const std::optional<Refusal> refusal = check_yaml_characters(bytes)) {
    problems.error(file, refusal->mark, refusal->message);
    return {};
  }
  Problems yaml_problems;
  std::vector<Document> documents = read_yaml(bytes, file, yaml_problems);
  // Neither the one nor the other: a text that opens as JSON does was meant as JSON.
  const std::string_view after_brace = not_json ? trimmed(trimmed(bytes).substr(1)) : std::string_view();
  if (!yaml_problems.errors.empty() && after_brace.starts_with('"')) {
    problems.error(file, not_json->mark, not_json->message);
    return {};
  }
  std::move(yaml_problems.errors.begin(), yaml_problems.errors.end(), std::back_inserter(problems.errors));
  return documents;
}

}  // namespace berth::cli
