#include "operator/options.h"

#include <CLI/CLI.hpp>

#include "core/base/version.h"

namespace berth::controller {
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
  CLI::App app{"Assigns ports to PortAllocations, publishes them and keeps the rest closed."};
  app.set_version_flag("--version", std::string("berth-operator ") + kVersion);
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
  std::string health_listen = daemon::to_string(options.health_listen);
  std::string log_format = "text";
  std::string log_level = "info";
  app.add_option(
         "--kubeconfig", options.kubeconfig,
         "kubeconfig file; without it the pod's service account, then $KUBECONFIG, then ~/.kube/config")
      ->type_name("PATH");
  app.add_option("--namespace", options.ns, "namespace of the leader-election lease")->capture_default_str();
  app.add_option("--identity", options.identity,
                 "name in the lease, unique to this process; default host_pid");
  app.add_option("--lease-duration", lease_duration, "how long a silent leader keeps its lease")
      ->check(reads(options.lease_duration, parse_duration))
      ->capture_default_str();
  app.add_option("--renew-deadline", renew_deadline, "a leader that cannot renew for this long ends itself")
      ->check(reads(options.renew_deadline, parse_duration))
      ->capture_default_str();
  app.add_option("--retry-period", retry_period, "how often the lease is looked at")
      ->check(reads(options.retry_period, parse_duration))
      ->capture_default_str();
  app.add_option("--health-listen", health_listen, "address of /healthz, /readyz and /metrics")
      ->check(reads(options.health_listen, daemon::parse_listen_address))
      ->capture_default_str();
  app.add_option("--log-format", log_format, "text or json")
      ->check(reads(options.log_format, daemon::parse_log_format))
      ->capture_default_str();
  app.add_option("--log-level", log_level, "debug, info, warn or error")
      ->check(reads(options.log_level, daemon::parse_log_level))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "objects worked on at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {{}, app.exit(error) == 0 ? 0 : 2};
  }
  return {options, 0};
}

}  // namespace berth::controller
