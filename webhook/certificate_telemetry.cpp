#include "webhook/certificate_telemetry.h"

#include <string_view>

#include "kube/http/certificate.h"

namespace berth::webhook {
namespace {

daemon::Gauge expiry(daemon::Metrics& metrics, const char* certificate) {
  return metrics.gauge("berth_certificate_expiry_seconds", "Unix time at which a certificate ends.",
                       {{"certificate", certificate}});
}

double seconds(Instant instant) { return static_cast<double>(instant.milliseconds) / 1000.0; }

const char* words_for(std::string_view doing) {
  if (doing == "registration") return "Webhook not registered";
  if (doing == "certificates") return "Certificates not ready";
  return "Certificate not served";
}

}  // namespace

CertificateTelemetry::CertificateTelemetry(daemon::Metrics& metrics, const daemon::Log& log)
    : metrics_(&metrics), log_(log), leaf_(expiry(metrics, "leaf")), authority_(expiry(metrics, "ca")) {
  // A rate is known only of what has been there before it grew.
  for (const char* doing : {"certificates", "registration", "serving"}) failures(doing);
  for (const Stage stage : {Stage::kMakeAll, Stage::kAddAuthority, Stage::kIssueLeaf,
                            Stage::kForgetAuthorities, Stage::kConfirm}) {
    changes(stage);
  }
}

void CertificateTelemetry::serving(const OfferedCertificate& offered) const {
  const auto leaf = http::read_certificate(offered.pair.certificate_pem);
  if (!leaf.ok()) return;
  leaf_.set(seconds(leaf->not_after));
  for (const std::string& one : offered.authorities) {
    if (!http::leads_to(offered.pair.certificate_pem, {one})) continue;
    const auto authority = http::read_certificate(one);
    if (authority.ok()) authority_.set(seconds(authority->not_after));
  }
  log_.info("Serving a certificate", {{"until", to_rfc3339(leaf->not_after)}});
}

void CertificateTelemetry::registered(bool stands) const {
  // No series before anybody knows: a replica that begins must not say that nothing is judged.
  metrics_
      ->gauge("berth_webhook_registered",
              "1 while the webhook configuration makes the API server ask us, 0 while it does not.")
      .set(stands ? 1 : 0);
}

void CertificateTelemetry::failed(const char* doing, const Error& error) const {
  failures(doing).add();
  daemon::log_error(log_, daemon::LogLevel::kWarn, words_for(doing), error);
}

void CertificateTelemetry::advanced(Stage stage) const {
  changes(stage).add();
  log_.info("Certificates changed", {{"stage", to_string(stage)}});
}

daemon::Counter CertificateTelemetry::changes(Stage stage) const {
  return metrics_->counter("berth_certificate_changes_total",
                           "Changes of the certificates in the Secret by this process, by what was changed.",
                           {{"stage", to_string(stage)}});
}

daemon::Counter CertificateTelemetry::failures(const char* doing) const {
  return metrics_->counter(
      "berth_certificate_failures_total",
      "Failures to read or renew certificates, to register them, or to serve them; each is tried again.",
      {{"doing", doing}});
}

}  // namespace berth::webhook
