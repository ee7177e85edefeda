#include "webhook/options.h"

#include <CLI/CLI.hpp>

#include "core/base/version.h"

namespace berth::webhook {
namespace {

// A CLI11 check out of one of our parsers, which also stores what it read.
template <class T, class Parse>
auto reads(T& target, Parse parse) {
  return [&target, parse](const std::string& text) -> std::string {
    auto value = parse(text);
    if (!value.ok()) return value.error().message;
    target = *value;
    return {};
  };
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{"Refuses manifests that would put an internal port outside the cluster, and says why."};
  app.set_version_flag("--version", std::string("berth-webhook ") + kVersion);
  std::string listen = daemon::to_string(options.listen);
  std::string health_listen = daemon::to_string(options.health_listen);
  std::string drain_delay = "3s";
  std::string log_format = "text";
  std::string log_level = "info";
  app.add_option(
         "--kubeconfig", options.kubeconfig,
         "kubeconfig file; without it the pod's service account, then $KUBECONFIG, then ~/.kube/config")
      ->type_name("PATH");
  app.add_option("--namespace", options.ns, "namespace of the certificate Secret and of the Service")
      ->capture_default_str();
  app.add_option("--listen", listen, "address of the webhook (HTTPS)")
      ->check(reads(options.listen, daemon::parse_listen_address))
      ->capture_default_str();
  app.add_option("--health-listen", health_listen, "address of /healthz, /readyz and /metrics")
      ->check(reads(options.health_listen, daemon::parse_listen_address))
      ->capture_default_str();
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
  app.add_flag("!--no-register", options.register_webhook,
               "leave the ValidatingWebhookConfiguration to others");
  app.add_option("--drain-delay", drain_delay, "how long new requests are still taken after SIGTERM")
      ->check(reads(options.drain_delay, parse_duration))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "threads that answer reviews")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--log-format", log_format, "text or json")
      ->check(reads(options.log_format, daemon::parse_log_format))
      ->capture_default_str();
  app.add_option("--log-level", log_level, "debug, info, warn or error")
      ->check(reads(options.log_level, daemon::parse_log_level))
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
