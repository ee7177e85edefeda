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

namespace berth::cli {
namespace {

constexpr std::array<std::string_view, 5> kCommands = {"explain", "export", "help", "lint", "version"};
constexpr std::array<std::string_view, 12> kFlags = {
    "--fail-on", "--policy", "--with",      "--against", "--adapters",           "--namespace",
    "--output",  "--help",   "--exception", "--static",  "--exclude-namespaces", "--operator-user"};

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
    version = app.add_subcommand("version");
    add_output(*version);
    explain = app.add_subcommand("explain");
    explain->add_flag("--exception", about_exceptions);
    explain->allow_extras();
    add_export();
    lint = app.add_subcommand("lint");
    add_output(*lint);
    add_paths("--policy", lint_command.policies);
    add_paths("--with", lint_command.with);
    add_paths("--against", lint_command.against);
    lint->add_option("--fail-on", fail_on);
    lint->add_option("--adapters", lint_command.adapters);
    lint->add_option("-n,--namespace", lint_command.ns);
    lint->add_option("PATH", lint_command.paths);
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
                                               : main_help(program)};
    } catch (const CLI::ArgumentMismatch& error) {
      const std::string text = error.what();
      return wrong("the flag " + text.substr(0, text.find(':')) + " takes exactly one value");
    } catch (const CLI::ParseError& error) {
      return wrong(error.what());
    }
    if (app.remaining_size(true) > 0) return unknown_argument(app.remaining(true).front());
    if (explain->parsed()) {
      if (!about_exceptions) return wrong("say what to explain; write --exception");
      return HelpCommand{exception_text()};
    }
    if (exporting->parsed()) return checked_export();
    const std::optional<Format> format = value_of(kFormats, output);
    const bool machine = format && *format != Format::kTable && *format != Format::kJson;
    if (!format || (version->parsed() && machine)) {
      return wrong("-o " + output + " is not an output format; write -o table" +
                   (version->parsed() ? " or -o json" : ", json, yaml, sarif, junit or github"));
    }
    if (version->parsed()) return VersionCommand{*format};
    if (!lint->parsed()) return wrong("no command was given");
    lint_command.format = *format;
    const std::optional<FailOn> least = value_of(kFailOn, fail_on);
    if (!least) return wrong("--fail-on " + fail_on + " is no verdict; write deny, unknown or warn");
    lint_command.fail_on = *least;
    return checked_lint();
  }

  void add_output(CLI::App& command) {
    command.add_option("-o,--output", output);
    command.allow_extras();
    app.allow_extras();
  }

  void add_export() {
    exporting = app.add_subcommand("export");
    exporting->add_option("WHAT", exported);
    exporting->add_option("PATH", export_command.paths);
    exporting->add_flag("--static", export_command.as_static);
    exporting->add_option("--exclude-namespaces", export_command.excluded_namespaces)
        ->delimiter(',')
        ->allow_extra_args(false);
    exporting->add_option("--operator-user", export_command.operator_user);
    exporting->add_option("-o,--output", export_format);
    exporting->allow_extras();
  }

  // One path per flag, so that `--policy a b` leaves b to PATH.
  void add_paths(const std::string& flag, std::vector<std::string>& paths) {
    lint->add_option(flag, paths)->allow_extra_args(false);
  }

  [[nodiscard]] std::string command() const {
    return program + (lint->parsed()        ? " lint"
                      : explain->parsed()   ? " explain"
                      : exporting->parsed() ? " export"
                      : version->parsed()   ? " version"
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
    if (version->parsed() || explain->parsed())
      return wrong("takes no arguments, but \"" + argument + "\" was given");
    return wrong("unknown command \"" + argument + "\"" +
                 did_you_mean({kCommands.begin(), kCommands.end()}, argument));
  }

  Command checked_export() {
    if (exported != "admission-policy") {
      return wrong(exported.empty() ? "say what to export; write admission-policy"
                                    : "cannot export \"" + exported + "\"; write admission-policy");
    }
    if (export_command.paths.empty())
      return wrong("no PATH was given; name files, directories, or - for the standard input");
    const std::optional<Format> format = value_of(kFormats, export_format);
    if (format != Format::kYaml && format != Format::kJson)
      return wrong("-o " + export_format + " is not an output format; write -o yaml or -o json");
    export_command.format = *format;
    return export_command;
  }

  Command checked_lint() {
    if (lint_command.paths.empty())
      return wrong("no PATH was given; name files, directories, or - for the standard input");
    if (lint_command.ns.empty()) return wrong("--namespace is empty; write the name of a namespace");
    std::ptrdiff_t standard_inputs = 0;
    for (const auto* paths :
         {&lint_command.paths, &lint_command.policies, &lint_command.with, &lint_command.against}) {
      standard_inputs += std::count(paths->begin(), paths->end(), "-");
    }
    if (standard_inputs > 1) return wrong("the standard input (-) can be read only once");
    return lint_command;
  }

  std::string program;
  CLI::App app;
  CLI::App* explain = nullptr;
  CLI::App* exporting = nullptr;
  CLI::App* lint = nullptr;
  CLI::App* version = nullptr;
  LintCommand lint_command;
  ExportCommand export_command;
  std::string exported;
  std::string export_format = "yaml";
  bool about_exceptions = false;
  std::string output = "table";
  std::string fail_on = "deny";
};

}  // namespace

Command parse_command_line(const std::vector<std::string>& args) {
  Parser parser(program_of(args.empty() ? "berth" : args.front()));
  return parser.parse({args.begin() + (args.empty() ? 0 : 1), args.end()});
}

}  // namespace berth::cli
