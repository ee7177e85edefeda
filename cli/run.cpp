#include "cli/run.h"

#include <algorithm>
#include <istream>
#include <iterator>
#include <ostream>

#include "cli/command_line.h"
#include "cli/export.h"
#include "cli/lint.h"
#include "cli/loader/documents.h"
#include "cli/loader/objects.h"
#include "cli/loader/sources.h"
#include "cli/machine_reports.h"
#include "cli/report.h"
#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/base/version.h"
#include "kube/adapters/table.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

int print_version(const VersionCommand& command, std::ostream& out) {
  if (command.format == Format::kTable) {
    out << "berth " << kVersion << " (API " << kApiVersion << ")\n";
    return kClean;
  }
  json::Writer writer;
  writer.begin_object().member("version", kVersion).member("apiVersion", kApiVersion).end_object();
  out << writer.take() << "\n";
  return kClean;
}

// The documents of every file, whatever the others are like.
std::vector<Document> read_all(const std::vector<std::string>& paths, std::istream& in, Problems& problems) {
  std::vector<Document> documents;
  for (const Source& source : read_sources(paths, in, problems)) {
    std::vector<Document> more = read_documents(source.bytes, source.name, problems);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  return documents;
}

void tell(const Problems& problems, std::ostream& err) {
  for (const Problem& warning : problems.warnings) err << to_string(warning, "warning") << "\n";
  for (const Problem& error : problems.errors) err << to_string(error, "error") << "\n";
}

class LintRun {
 public:
  LintRun(const LintCommand& command, std::istream& in) : command_(command), in_(in) {}

  // Every file is read whatever the others are like, so that all problems are told at once.
  int run(std::ostream& out, std::ostream& err, const Setting& setting) {
    read_adapters();
    LintInput input;
    input.judged = load(command_.paths);
    if (input.judged.objects.empty() && input.judged.other_kinds == 0 && problems_.errors.empty()) {
      problems_.error(command_.paths.front(), {}, "holds no objects, so there is nothing to judge");
    }
    input.policies = load(command_.policies);
    check_policies(input.policies);
    input.with = load(command_.with);
    input.against = load(command_.against);
    Report report;
    if (problems_.errors.empty()) report = lint(std::move(input), setting.now, problems_);
    tell(problems_, err);
    if (!problems_.errors.empty()) {
      err << "nothing was judged\n";
      if (command_.format != Format::kTable && command_.format != Format::kGithub) out << shown({}, false);
      return kUnreadable;
    }
    out << shown(report, setting.colour);
    return exit_code(report);
  }

 private:
  [[nodiscard]] std::string shown(const Report& report, bool colour) const {
    switch (command_.format) {
      case Format::kTable:
        return to_table(report, colour);
      case Format::kJson:
        return to_json(report);
      case Format::kYaml:
        return to_yaml(report);
      case Format::kSarif:
        return to_sarif(report);
      case Format::kJunit:
        return to_junit(report);
      case Format::kGithub:
        return to_github(report);
    }
    return "";
  }

  [[nodiscard]] int exit_code(const Report& report) const {
    if (report.denied > 0) return kDenied;
    const bool unknown = command_.fail_on != FailOn::kDeny && report.unknown > 0;
    const bool warned = command_.fail_on == FailOn::kWarn && report.warned > 0;
    return unknown || warned ? kTold : kClean;
  }

  Loaded load(const std::vector<std::string>& paths) {
    return load_objects(read_all(paths, in_, problems_), command_.ns, problems_, table_);
  }

  void read_adapters() {
    if (command_.adapters.empty()) return;
    for (const Source& source : read_sources({command_.adapters}, in_, problems_)) {
      auto more = adapters::Table::parse(source.bytes);
      if (more.ok()) {
        table_ = table_.joined(*more);
      } else {
        const std::string& field = more.error().field;
        problems_.error(source.name, {}, (field.empty() ? "" : field + ": ") + more.error().message);
      }
    }
  }

  void check_policies(const Loaded& policies) {
    if (command_.policies.empty() || !problems_.errors.empty()) return;
    const bool any = std::any_of(policies.objects.begin(), policies.objects.end(), [](const Object& object) {
      return std::holds_alternative<ExposurePolicy>(object.model);
    });
    if (!any) {
      problems_.error(command_.policies.front(), {},
                      "--policy holds no ExposurePolicy (apiVersion " + std::string(kApiVersion) + ")");
    }
  }

  const LintCommand& command_;
  std::istream& in_;
  adapters::Table table_ = adapters::builtin();
  Problems problems_;
};

int print_export(const ExportCommand& command, std::istream& in, std::ostream& out, std::ostream& err,
                 const Setting& setting) {
  Problems problems;
  std::vector<ExposurePolicy> policies;
  for (Object& object : load_objects(read_all(command.paths, in, problems), "default", problems).objects) {
    if (auto* policy = std::get_if<ExposurePolicy>(&object.model)) policies.push_back(std::move(*policy));
  }
  if (policies.empty() && problems.errors.empty()) {
    problems.error(command.paths.front(), {},
                   "holds no ExposurePolicy (apiVersion " + std::string(kApiVersion) + ")");
  }
  tell(problems, err);
  if (!problems.errors.empty()) {
    err << "nothing was exported\n";
    return kUnreadable;
  }
  out << export_admission_policies(policies, command, setting.now);
  return kClean;
}

}  // namespace

int run(const std::vector<std::string>& args, std::istream& in, std::ostream& out, std::ostream& err,
        const Setting& setting) {
  return std::visit(
      Overloaded{
          [&](const VersionCommand& command) { return print_version(command, out); },
          [&](const LintCommand& command) { return LintRun(command, in).run(out, err, setting); },
          [&](const ExportCommand& command) { return print_export(command, in, out, err, setting); },
          [&](const HelpCommand& command) {
            out << command.text;
            return kClean;
          },
          [&](const WrongUsage& usage) {
            err << usage.message << "\n";
            return kUnreadable;
          },
      },
      parse_command_line(args));
}

}  // namespace berth::cli
