#include "webhook/options.h"

#include <CLI/CLI.hpp>

#include "core/base/version.h"

namespace berth::webhook {

Parsed parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{"Refuses manifests that would put an internal port outside the cluster, and says why."};
  app.set_version_flag("--version", std::string("berth-webhook ") + kVersion);
  daemon::add_program_options(app, options.program);
  app.add_option("--namespace", options.ns, "namespace of the certificate Secret and of the Service")
      ->capture_default_str();
  daemon::add_parsed_option(app, "--listen", options.listen, daemon::parse_listen_address,
                            daemon::to_string(options.listen), "address of the webhook (HTTPS)");
  app.add_option("--url", options.url, "register under this https URL instead of the Service")
      ->type_name("URL");
  app.add_option("--service-name", options.service_name, "Service in front of the webhook")
      ->capture_default_str();
  app.add_option("--exclude-namespaces", options.excluded_namespaces, "namespaces that are never judged")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option(
         "--operator-user", options.operator_user,
         "user of the operator, which judges its own Services with the same engine; \"\" = nobody is exempt")
      ->capture_default_str();
  app.add_option("--adapters", options.adapters_file,
                 "table of further kinds that lead out of the cluster or make pods "
                 "(docs/reference/adapters.md)")
      ->type_name("FILE");
  app.add_flag("!--no-register", options.register_webhook,
               "leave the ValidatingWebhookConfiguration to others");
  app.add_flag("!--no-audit", options.audit,
               "do not look for what stands in the cluster that a policy forbids");
  daemon::add_parsed_option(app, "--drain-delay", options.drain_delay, parse_duration, "3s",
                            "how long new requests are still taken after SIGTERM");
  app.add_option("--threads", options.threads, "threads that answer reviews")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    if (!options.url.empty() && !options.url.starts_with("https://")) {
      throw CLI::ValidationError("--url",
                                 "'" + options.url + "' is not an https URL: write https://HOST:PORT");
    }
  } catch (const CLI::ParseError& error) {
    return {{}, app.exit(error) == 0 ? 0 : 2};
  }
  while (options.url.ends_with('/')) options.url.pop_back();
  return {options, 0};
}

}  // namespace berth::webhook
