#include "webhook/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "core/base/version.h"

namespace berth::webhook {
namespace {

// How long a certificate is good for: "87600h" or "3650d", beyond the 365 days of a duration.
Result<Duration> parse_validity(std::string_view text) {
  constexpr std::int64_t kMostDays = 20LL * 365;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const bool days = unit == "d";
  Duration validity{0};
  if (code == std::errc() && number > 0 && (days || unit == "h")) {
    if (number > (days ? kMostDays : kMostDays * 24))
      return malformed("'" + std::string(text) + "' is too long: a certificate is good for 7300d at most");
    validity = days ? std::chrono::hours(number * 24) : std::chrono::hours(number);
  } else {
    TRY(validity, parse_duration(text));
  }
  if (validity >= std::chrono::seconds(1)) return validity;
  return malformed("'" + std::string(text) + "' is too short: a certificate is good for 1s at least");
}

void check_certificates(const Options& options) {
  if (options.certificate_validity > options.ca_validity) {
    throw CLI::ValidationError("--certificate-validity", "must not be longer than --ca-validity");
  }
  // A third of a life is left when it is due, and the half of that is for whatever goes wrong.
  if (options.certificate_settle * 6 > options.certificate_validity) {
    throw CLI::ValidationError(
        "--certificate-settle",
        "must be at most a sixth of --certificate-validity, or a certificate could end "
        "before the next one may be served");
  }
}

}  // namespace

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
  app.add_option(
         "--certificate-dir", options.certificate_dir,
         "directory with tls.crt, tls.key and ca.crt that somebody else keeps, such as a mounted Secret of "
         "cert-manager; without it the webhook makes its own certificates (docs/certificates.md)")
      ->type_name("DIR");
  daemon::add_parsed_option(app, "--certificate-validity", options.certificate_validity, parse_validity,
                            "8760h", "how long a certificate of its own is good for");
  daemon::add_parsed_option(app, "--ca-validity", options.ca_validity, parse_validity, "87600h",
                            "how long an authority of its own is good for");
  daemon::add_parsed_option(
      app, "--certificate-settle", options.certificate_settle, parse_duration, "30s",
      "how long API servers may take to hear of a new authority before a certificate of it "
      "is served");
  app.add_option("--adapters", options.adapters_file,
                 "table of further kinds that lead out of the cluster or make pods "
                 "(docs/reference/adapters.md)")
      ->type_name("FILE");
  app.add_flag("!--no-register", options.register_webhook,
               "leave the ValidatingWebhookConfiguration to others");
  daemon::add_parsed_option(app, "--await-registration", options.await_registration, parse_duration, "0s",
                            "how long a process that starts waits for the ValidatingWebhookConfiguration "
                            "that is installed with it before it makes one itself");
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
    check_certificates(options);
  } catch (const CLI::ParseError& error) {
    return {{}, app.exit(error) == 0 ? 0 : 2};
  }
  while (options.url.ends_with('/')) options.url.pop_back();
  return {options, 0};
}

}  // namespace berth::webhook
