// The arguments of the berth command -> what is to be done. The only place that talks to CLI11.
//
// Thread-safety: free function.
#pragma once

#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include "core/base/api_names.h"
#include "core/base/instant.h"

namespace berth::cli {

enum class Format { kTable, kJson, kYaml, kSarif, kJunit, kGithub };

// The least of what makes `berth lint` fail.
enum class FailOn { kDeny, kUnknown, kWarn };

struct VersionCommand {
  Format format = Format::kTable;
};

// A live cluster, when one is asked.
struct ClusterChoice {
  bool wanted = false;
  std::string kubeconfig = {};  // a file; "" = where kubectl looks
  std::string context = {};     // "" = the current one
};

// What the engine is asked about, and what it knows beside.
struct InputPaths {
  std::vector<std::string> paths = {};
  std::vector<std::string> policies = {};
  std::vector<std::string> with = {};
  std::vector<std::string> against = {};
  std::string adapters = {};  // a file; "" = Berth's own table alone
  std::string ns = {};        // "" = that of the context, or "default"
  ClusterChoice cluster = {};
};

struct LintCommand {
  InputPaths inputs = {};
  Format format = Format::kTable;
  FailOn fail_on = FailOn::kDeny;
};

// berth explain PATH... or KIND/NAME...
struct ExplainCommand {
  InputPaths inputs = {};
  Format format = Format::kTable;
};

// berth what-if -f POLICY...
struct WhatIfCommand {
  InputPaths inputs = {};  // paths: the policies as they would be
  std::vector<std::string> excluded_namespaces{std::begin(kExcludedNamespaces),
                                               std::end(kExcludedNamespaces)};
  Format format = Format::kTable;
};

// berth export admission-policy
struct ExportCommand {
  std::vector<std::string> paths = {};
  std::vector<std::string> excluded_namespaces{std::begin(kExcludedNamespaces),
                                               std::end(kExcludedNamespaces)};
  std::string operator_user = kOperatorUser;
  bool as_static = false;
  Format format = Format::kYaml;
};

// berth check webhook
struct CheckCommand {
  ClusterChoice cluster = {};
  std::string ns = "default";  // that the webhook is asked about
  Duration wait{0};            // for it to work
};

// A text that was asked for.
struct HelpCommand {
  std::string text = {};
};

// Arguments that make no command; the message says what is wrong and where help is.
struct WrongUsage {
  std::string message = {};
};

using Command = std::variant<VersionCommand, LintCommand, ExplainCommand, WhatIfCommand, ExportCommand,
                             CheckCommand, HelpCommand, WrongUsage>;

// args[0] is the program's name.
Command parse_command_line(const std::vector<std::string>& args);

}  // namespace berth::cli
