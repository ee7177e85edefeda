#include "cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cli/help.h"
#include "cli/loader/nearest.h"
#include "cli/rule_help.h"

namespace berth::cli {
namespace {

constexpr std::array<std::string_view, 7> kCommands = {"check", "explain", "export", "help",
                                                       "lint",  "version", "what-if"};
constexpr std::array<std::string_view, 18> kFlags = {
    "--fail-on",       "--wait",    "--policy", "--with",      "--against",    "--adapters",
    "--namespace",     "--output",  "--help",   "--exception", "--static",     "--exclude-namespaces",
    "--operator-user", "--context", "--rule",   "--file",      "--kubeconfig", "--live"};

// "kubectl-berth" is run by kubectl as its plugin.
std::string program_of(const std::string& argument) {
  const std::size_t slash = argument.rfind('/');
  const std::string base = slash == std::string::npos ? argument : argument.substr(slash + 1);
  constexpr std::string_view kPlugin = "kubectl-";
  return base.starts_with(kPlugin) ? "kubectl " + base.substr(kPlugin.size()) : "berth";
}

template <class T>
struct Word {
  std::string_view text;
  T value;
};
constexpr std::array kFormats = {
    Word<Format>{"table", Format::kTable}, Word<Format>{"json", Format::kJson},
    Word<Format>{"yaml", Format::kYaml},   Word<Format>{"sarif", Format::kSarif},
    Word<Format>{"junit", Format::kJunit}, Word<Format>{"github", Format::kGithub}};
constexpr std::array kFailOn = {Word<FailOn>{"deny", FailOn::kDeny},
                                Word<FailOn>{"unknown", FailOn::kUnknown},
                                Word<FailOn>{"warn", FailOn::kWarn}};

template <class T, std::size_t N>
std::optional<T> value_of(const std::array<Word<T>, N>& words, std::string_view text) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const Word<T>& word) { return word.text == text; });
  return found == words.end() ? std::nullopt : std::optional(found->value);
}

struct Parser {
  explicit Parser(std::string called) : program(std::move(called)), app("berth") {
    app.set_help_flag("-h,--help");
    app.allow_extras();
    app.add_flag("--version", asked_version);
    version = add_command("version");
    add_check();
    add_explain();
    add_export();
    add_lint();
    add_what_if();
  }

  Command parse(std::vector<std::string> arguments) {
    // "berth help lint" is "berth lint --help".
    if (!arguments.empty() && arguments.front() == "help") {
      arguments.erase(arguments.begin());
      arguments.emplace_back("--help");
    }
    try {
      std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
      app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      return HelpCommand{lint->parsed()        ? lint_help(program)
                         : explain->parsed()   ? explain_help(program)
                         : exporting->parsed() ? export_help(program)
                         : version->parsed()   ? version_help(program)
                         : what_if->parsed()   ? what_if_help(program)
                         : check->parsed()     ? check_help(program)
                                               : main_help(program)};
    } catch (const CLI::ArgumentMismatch& error) {
      const std::string text = error.what();
      return wrong("the flag " + text.substr(0, text.find(':')) + " takes exactly one value");
    } catch (const CLI::ParseError& error) {
      return wrong(error.what());
    }
    if (app.remaining_size(true) > 0) return unknown_argument(app.remaining(true).front());
    inputs.cluster.wanted = inputs.cluster.wanted || !inputs.cluster.kubeconfig.empty();
    if (explain->parsed()) return checked_explain();
    if (exporting->parsed()) return checked_export();
    if (what_if->parsed()) return checked_what_if();
    if (lint->parsed()) return checked_lint();
    if (check->parsed()) return checked_check();
    if (!version->parsed() && !asked_version) return wrong("no command was given");
    return checked<VersionCommand>({}, {Format::kTable, Format::kJson});
  }

  CLI::App* add_command(const std::string& name) {
    CLI::App* command = app.add_subcommand(name);
    command->add_option("-o,--output", output);
    command->allow_extras();
    return command;
  }

  void add_explain() {
    explain = add_command("explain");
    explain->add_flag("--exception", about_exceptions);
    explain->add_option("--rule", rule);
    add_inputs(*explain);
  }

  void add_check() {
    check = app.add_subcommand("check");
    check->allow_extras();
    check->add_option("WHAT", what_checked);
    check->add_option_function<std::string>("-n,--namespace", [this](const std::string& ns) {
      check_command.ns = ns;
      ns_is_empty = ns.empty();
    });
    check->add_option("--wait", wait);
    check->add_option("--kubeconfig", check_command.cluster.kubeconfig);
    check->add_option("--context", check_command.cluster.context);
  }

  void add_export() {
    exporting = add_command("export");
    exporting->add_option("WHAT", exported);
    exporting->add_option("PATH", export_command.paths);
    exporting->add_flag("--static", export_command.as_static);
    exporting->add_option("--operator-user", export_command.operator_user);
    add_excluded(*exporting);
  }

  void add_lint() {
    lint = add_command("lint");
    lint->add_option("--fail-on", fail_on);
    add_inputs(*lint);
  }

  void add_what_if() {
    what_if = add_command("what-if");
    what_if->add_option("-f,--file", inputs.paths)->allow_extra_args(false);
    add_paths(*what_if, "--with", inputs.with);
    add_excluded(*what_if);
    add_cluster(*what_if);
  }

  void add_inputs(CLI::App& command) {
    add_paths(command, "--policy", inputs.policies);
    add_paths(command, "--with", inputs.with);
    add_paths(command, "--against", inputs.against);
    command.add_option_function<std::string>("-n,--namespace", [this](const std::string& ns) {
      inputs.ns = ns;
      ns_is_empty = ns.empty();
    });
    command.add_option("PATH", inputs.paths);
    add_cluster(command);
  }

  void add_cluster(CLI::App& command) {
    command.add_option("--adapters", inputs.adapters);
    command.add_flag("--live", inputs.cluster.wanted);
    command.add_option("--kubeconfig", inputs.cluster.kubeconfig);
    command.add_option_function<std::string>("--context", [this](const std::string& context) {
      inputs.cluster.context = context;
      inputs.cluster.wanted = true;
    });
  }

  void add_excluded(CLI::App& command) {
    command.add_option("--exclude-namespaces", excluded)->delimiter(',')->allow_extra_args(false);
  }

  // One path per flag, so that `--policy a b` leaves b to PATH.
  static void add_paths(CLI::App& command, const std::string& flag, std::vector<std::string>& paths) {
    command.add_option(flag, paths)->allow_extra_args(false);
  }

  [[nodiscard]] std::string command() const {
    return program + (lint->parsed()        ? " lint"
                      : explain->parsed()   ? " explain"
                      : exporting->parsed() ? " export"
                      : version->parsed()   ? " version"
                      : what_if->parsed()   ? " what-if"
                      : check->parsed()     ? " check"
                                            : "");
  }

  [[nodiscard]] WrongUsage wrong(const std::string& message) const {
    return {command() + ": " + message + "\nSee \"" + command() + " --help\"."};
  }

  [[nodiscard]] WrongUsage unknown_argument(const std::string& argument) const {
    if (argument.starts_with("-")) {
      const std::string flag = argument.substr(0, argument.find('='));
      return wrong("unknown flag " + flag + did_you_mean({kFlags.begin(), kFlags.end()}, flag));
    }
    if (check->parsed()) return wrong("takes one argument, but \"" + argument + "\" was given, too");
    if (version->parsed()) return wrong("takes no arguments, but \"" + argument + "\" was given");
    if (what_if->parsed())
      return wrong("takes no arguments, but \"" + argument + "\" was given; name policies with -f");
    return wrong("unknown command \"" + argument + "\"" +
                 did_you_mean({kCommands.begin(), kCommands.end()}, argument));
  }

  Command checked_check() {
    if (what_checked != "webhook") {
      return wrong(what_checked.empty() ? "say what to check; write webhook"
                                        : "cannot check \"" + what_checked + "\"; write webhook");
    }
    if (ns_is_empty) return wrong("--namespace is empty; write the name of a namespace");
    const auto span = parse_duration(wait);
    if (!span.ok()) return wrong("--wait " + wait + " is no duration; write one such as 30s or 2m");
    check_command.wait = *span;
    check_command.cluster.wanted = true;
    return check_command;
  }

  Command checked_export() {
    if (exported != "admission-policy") {
      return wrong(exported.empty() ? "say what to export; write admission-policy"
                                    : "cannot export \"" + exported + "\"; write admission-policy");
    }
    if (export_command.paths.empty())
      return wrong("no PATH was given; name files, directories, or - for the standard input");
    if (!excluded.empty()) export_command.excluded_namespaces = excluded;
    return checked(export_command, {Format::kYaml, Format::kJson});
  }

  Command checked_lint() {
    if (auto refused = refuse_inputs()) return *std::move(refused);
    LintCommand command{inputs};
    const std::optional<FailOn> least = value_of(kFailOn, fail_on);
    if (!least) return wrong("--fail-on " + fail_on + " is no verdict; write deny, unknown or warn");
    command.fail_on = *least;
    return checked(command, {Format::kTable, Format::kJson, Format::kYaml, Format::kSarif, Format::kJunit,
                             Format::kGithub});
  }

  Command checked_explain() {
    if (about_exceptions) return HelpCommand{exception_text()};
    if (!rule.empty()) {
      const std::optional<std::string> text = rule_text(rule);
      if (text) return HelpCommand{*text};
      return wrong("there is no rule \"" + rule + "\"" + did_you_mean(rule_ids(), rule));
    }
    if (inputs.paths.empty()) {
      return wrong("say what to explain: files, KIND/NAME of an object in a cluster, --rule or --exception");
    }
    if (auto refused = refuse_inputs()) return *std::move(refused);
    return checked(ExplainCommand{inputs}, {Format::kTable, Format::kJson, Format::kYaml});
  }

  Command checked_what_if() {
    if (inputs.paths.empty()) return wrong("no policy was given; name a file with -f POLICY");
    inputs.cluster.wanted = inputs.cluster.wanted || inputs.with.empty();
    if (auto refused = refuse_inputs()) return *std::move(refused);
    WhatIfCommand command{inputs};
    if (!excluded.empty()) command.excluded_namespaces = excluded;
    return checked(command, {Format::kTable, Format::kJson, Format::kYaml});
  }

  // `command` with the output format, when it is one of these.
  template <class C>
  Command checked(C command, std::vector<Format> formats) {
    if (output.empty()) {
      command.format = formats.front();
      return command;
    }
    const std::optional<Format> format = value_of(kFormats, output);
    if (format && std::find(formats.begin(), formats.end(), *format) != formats.end()) {
      command.format = *format;
      return command;
    }
    std::string known;
    for (std::size_t i = 0; i < formats.size(); ++i) {
      const auto word = std::find_if(kFormats.begin(), kFormats.end(),
                                     [&](const Word<Format>& each) { return each.value == formats[i]; });
      known += (i == 0 ? "" : i + 1 == formats.size() ? " or " : ", ") + std::string(word->text);
    }
    return wrong("-o " + output + " is not an output format; write -o " + known);
  }

  [[nodiscard]] std::optional<WrongUsage> refuse_inputs() const {
    if (inputs.paths.empty())
      return wrong("no PATH was given; name files, directories, or - for the standard input");
    if (ns_is_empty) return wrong("--namespace is empty; write the name of a namespace");
    std::ptrdiff_t standard_inputs = 0;
    for (const auto* paths : {&inputs.paths, &inputs.policies, &inputs.with, &inputs.against}) {
      standard_inputs += std::count(paths->begin(), paths->end(), "-");
    }
    if (standard_inputs > 1) return wrong("the standard input (-) can be read only once");
    return std::nullopt;
  }

  std::string program;
  CLI::App app;
  CLI::App* check = nullptr;
  CLI::App* explain = nullptr;
  CLI::App* exporting = nullptr;
  CLI::App* lint = nullptr;
  CLI::App* version = nullptr;
  CLI::App* what_if = nullptr;
  InputPaths inputs;
  bool ns_is_empty = false;
  bool asked_version = false;
  CheckCommand check_command;
  std::string what_checked;
  std::string wait = "0";
  ExportCommand export_command;
  std::string exported;
  std::vector<std::string> excluded;
  bool about_exceptions = false;
  std::string rule;
  std::string output;
  std::string fail_on = "deny";
};

}  // namespace

Command parse_command_line(const std::vector<std::string>& args) {
  Parser parser(program_of(args.empty() ? "berth" : args.front()));
  return parser.parse({args.begin() + (args.empty() ? 0 : 1), args.end()});
}

}  // namespace berth::cli
