// ProgramOptions: what can be said to every program of ours, and how our parsers become flags.
//
// Names nothing of CLI11, whose headers stay with the programs: App is its CLI::App. Thread-safety: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "kube/daemon/listen_address.h"
#include "kube/daemon/log.h"

namespace berth::daemon {

struct ProgramOptions {
  std::string kubeconfig = {};  // "" = in-cluster, then KUBECONFIG, then ~/.kube/config
  ListenAddress health_listen = {};
  std::optional<ListenAddress> metrics_listen = {};  // nullopt: /metrics stands with the health checks
  std::string metrics_certificate_dir = {};          // "" = one that signs itself
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
};

// What main() does next: run with these options, or end at once with this exit code (help, version, a
// mistake; the text has been printed).
template <class Options>
struct Parsed {
  std::optional<Options> options = {};
  int exit_code = 0;
};

// A flag whose text `parse` reads into `target`; what it refuses ends the program with its words.
// `default_text` is the present value of `target`, for the help. Both must outlive the parsing.
template <class App, class Value, class Parse>
void add_parsed_option(App& app, const std::string& flag, Value& target, Parse parse,
                       const std::string& default_text, const std::string& help) {
  const auto check = [&target, parse](const std::string& text) -> std::string {
    auto value = parse(text);
    if (!value.ok()) return value.error().message;
    target = *std::move(value);
    return {};
  };
  app.template add_option_function<std::string>(
         flag, [](const std::string&) {}, help)
      ->check(check)
      ->default_str(default_text);
}

inline Result<std::optional<ListenAddress>> parse_metrics_address(std::string_view text) {
  TRY(ListenAddress address, parse_listen_address(text));
  return std::optional(std::move(address));
}

// --kubeconfig, --health-listen, --metrics-listen, --metrics-certificate-dir, --log-format and --log-level.
// `options` must outlive the parsing.
template <class App>
void add_program_options(App& app, ProgramOptions& options) {
  app.add_option(
         "--kubeconfig", options.kubeconfig,
         "kubeconfig file; without it the pod's service account, then $KUBECONFIG, then ~/.kube/config")
      ->type_name("PATH");
  add_parsed_option(app, "--health-listen", options.health_listen, parse_listen_address,
                    to_string(options.health_listen),
                    "address of /healthz, /readyz and, without --metrics-listen, /metrics (plain HTTP)");
  add_parsed_option(app, "--metrics-listen", options.metrics_listen, parse_metrics_address, "",
                    "address of /metrics over HTTPS, for those whose token the API server lets get it "
                    "(docs/reference/guarded-metrics.md)");
  app.add_option("--metrics-certificate-dir", options.metrics_certificate_dir,
                 "directory with tls.crt and tls.key for --metrics-listen; without it a certificate that "
                 "signs itself")
      ->type_name("DIR")
      ->needs("--metrics-listen");
  add_parsed_option(app, "--log-format", options.log_format, parse_log_format, "text", "text or json");
  add_parsed_option(app, "--log-level", options.log_level, parse_log_level, "info",
                    "debug, info, warn or error");
}

}  // namespace berth::daemon
