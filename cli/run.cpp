#include "cli/run.h"

#include <algorithm>
#include <filesystem>
#include <istream>
#include <ostream>
#include <system_error>
#include <utility>
#include <variant>

#include "cli/check_webhook.h"
#include "cli/command_line.h"
#include "cli/explain.h"
#include "cli/export.h"
#include "cli/lint.h"
#include "cli/loader/objects.h"
#include "cli/machine_reports.h"
#include "cli/report.h"
#include "cli/resource.h"
#include "cli/scene.h"
#include "cli/what_if.h"
#include "cli/yaml_output.h"
#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/base/version.h"
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

void tell(const Problems& problems, std::ostream& err) {
  for (const Problem& warning : problems.warnings) err << to_string(warning, "warning") << "\n";
  for (const Problem& error : problems.errors) err << to_string(error, "error") << "\n";
}

std::string shown(const Report& report, Format format, bool colour) {
  switch (format) {
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

int exit_code(const Report& report, FailOn fail_on) {
  if (report.denied > 0) return kDenied;
  const bool unknown = fail_on != FailOn::kDeny && report.unknown > 0;
  const bool warned = fail_on == FailOn::kWarn && report.warned > 0;
  return unknown || warned ? kTold : kClean;
}

// What is told when there is nothing to show.
int give_up(const Problems& problems, const char* what, std::ostream& err) {
  tell(problems, err);
  err << what << "\n";
  return kUnreadable;
}

int run_lint(const LintCommand& command, std::istream& in, std::ostream& out, std::ostream& err,
             const Setting& setting) {
  Problems problems;
  const adapters::Table table = read_adapters(command.inputs.adapters, in, problems);
  ReadInputs read = read_inputs(command.inputs, command.inputs.paths, table, in, setting.look, problems);
  Scene scene(std::move(read.inputs), problems);
  if (!problems.errors.empty()) {
    const bool text = command.format == Format::kTable || command.format == Format::kGithub;
    if (!text) out << shown({}, command.format, false);
    return give_up(problems, "nothing was judged", err);
  }
  tell(problems, err);
  const Report report = lint(scene, setting.now);
  out << shown(report, command.format, setting.colour);
  return exit_code(report, command.fail_on);
}

// Of what explain was given, objects of a cluster and files.
struct Wanted {
  std::vector<Resource> resources = {};
  std::vector<std::string> files = {};
};

Wanted sorted_out(const std::vector<std::string>& arguments, const adapters::Table& table) {
  Wanted wanted;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    const auto resource = parse_resource(argument, table);
    if (resource && !std::filesystem::exists(argument, ignored)) {
      wanted.resources.push_back(*resource);
    } else {
      wanted.files.push_back(argument);
    }
  }
  return wanted;
}

int run_explain(ExplainCommand command, std::istream& in, std::ostream& out, std::ostream& err,
                const Setting& setting) {
  Problems problems;
  const adapters::Table table = read_adapters(command.inputs.adapters, in, problems);
  const Wanted wanted = sorted_out(command.inputs.paths, table);
  InputPaths& inputs = command.inputs;
  const bool from_files = !inputs.with.empty() || !inputs.against.empty();
  if (!wanted.resources.empty() && !from_files) inputs.cluster.wanted = true;
  ReadInputs read = read_inputs(inputs, wanted.files, table, in, setting.look, problems);
  Scene scene(std::move(read.inputs), problems);
  std::vector<Explained> explained;
  if (problems.errors.empty()) {
    explained = explain_files(scene, setting.now);
    for (Explained& one : explain_objects(scene, wanted.resources, read.ns, setting.now, problems)) {
      explained.push_back(std::move(one));
    }
  }
  if (!problems.errors.empty()) return give_up(problems, "nothing was explained", err);
  tell(problems, err);
  if (command.format == Format::kTable) out << to_table(explained, setting.colour);
  if (command.format == Format::kJson) out << to_json(explained);
  if (command.format == Format::kYaml) out << yaml_of_json(to_json(explained));
  return kClean;
}

void expect_policies(const Loaded& read, const std::vector<std::string>& paths, Problems& problems) {
  const bool any = std::any_of(read.objects.begin(), read.objects.end(), [](const Object& object) {
    return std::holds_alternative<ExposurePolicy>(object.model);
  });
  if (any || !problems.errors.empty()) return;
  problems.error(paths.front(), {}, "holds no ExposurePolicy (apiVersion " + std::string(kApiVersion) + ")");
}

int run_what_if(const WhatIfCommand& command, std::istream& in, std::ostream& out, std::ostream& err,
                const Setting& setting) {
  Problems problems;
  const adapters::Table table = read_adapters(command.inputs.adapters, in, problems);
  ReadInputs read = read_inputs(command.inputs, command.inputs.paths, table, in, setting.look, problems);
  const Loaded policies = std::exchange(read.inputs.judged, {});
  expect_policies(policies, command.inputs.paths, problems);
  if (!problems.errors.empty()) return give_up(problems, "nothing was judged", err);
  tell(problems, err);
  cluster::Picture picture;
  if (read.inputs.cluster) picture = *std::move(read.inputs.cluster);
  lay(read.inputs.with, picture);
  const WhatIf result = what_if(picture, policies, command.excluded_namespaces, setting.now);
  const Report report = report_of(result);
  if (command.format == Format::kTable) {
    out << table_of(report.entries, setting.colour) << summary(result);
  } else {
    out << shown(report, command.format, setting.colour);
  }
  return denies(result) ? kDenied : kClean;
}

int print_export(const ExportCommand& command, std::istream& in, std::ostream& out, std::ostream& err,
                 const Setting& setting) {
  Problems problems;
  const Loaded read = load_objects(read_all(command.paths, in, problems), "default", problems);
  expect_policies(read, command.paths, problems);
  const std::string text = export_admission_policies(read.objects, command, setting.now, problems);
  if (!problems.errors.empty()) return give_up(problems, "nothing was exported", err);
  tell(problems, err);
  out << text;
  return kClean;
}

}  // namespace

int run(const std::vector<std::string>& args, std::istream& in, std::ostream& out, std::ostream& err,
        const Setting& setting) {
  return std::visit(
      Overloaded{
          [&](const VersionCommand& command) { return print_version(command, out); },
          [&](const LintCommand& command) { return run_lint(command, in, out, err, setting); },
          [&](const ExplainCommand& command) { return run_explain(command, in, out, err, setting); },
          [&](const WhatIfCommand& command) { return run_what_if(command, in, out, err, setting); },
          [&](const ExportCommand& command) { return print_export(command, in, out, err, setting); },
          [&](const CheckCommand& command) {
            return run_check(command, setting.ask, setting.pause, out, err);
          },
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
