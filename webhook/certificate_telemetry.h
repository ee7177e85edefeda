// CertificateTelemetry: what is told of the webhook's certificates, in the log and as metrics.
//
// Thread-safety: as Metrics and Log.
#pragma once

#include <functional>

#include "core/base/result.h"
#include "kube/daemon/log.h"
#include "kube/daemon/metrics.h"
#include "webhook/certificate.h"
#include "webhook/certificate_source.h"

namespace berth::webhook {

class CertificateTelemetry {
 public:
  // `metrics` must outlive this.
  CertificateTelemetry(daemon::Metrics& metrics, const daemon::Log& log);

  // berth_certificate_expiry_seconds{certificate="leaf"|"ca"}: of what is served from now on, and of who
  // signed it.
  void serving(const OfferedCertificate& offered) const;
  // berth_webhook_registered: does the registration make the API server ask us?
  void registered(bool stands) const;
  // berth_certificate_failures_total{doing}: "certificates", "registration" or "serving".
  void failed(const char* doing, const Error& error) const;
  // berth_certificate_changes_total{stage}: this process has changed the Secret.
  void advanced(Stage stage) const;

 private:
  // Both make the series; whoever wants it from zero on calls it and adds nothing.
  daemon::Counter failures(const char* doing) const;
  daemon::Counter changes(Stage stage) const;

  daemon::Metrics* metrics_;
  const daemon::Log log_;
  daemon::Gauge leaf_;
  daemon::Gauge authority_;
};

}  // namespace berth::webhook
