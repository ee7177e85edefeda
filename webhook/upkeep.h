// Upkeep: keeps the served certificate and the registration in step with each other.
//
// The order of a step makes it safe with several replicas. The registration is read before the certificates
// are, and written only as it was read: so what it says never goes back behind what stood in the Secret. A
// certificate is served when the registration, as it was read back, makes the API server believe in it; one
// that takes the place of another also waits until every API server has heard of it (trust.h). Thread-safety:
// one thread steps; problem() from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "webhook/certificate_source.h"
#include "webhook/registration.h"
#include "webhook/trust.h"

namespace berth::webhook {

struct UpkeepConfig {
  RegistrationOptions registration = {};
  bool register_webhook = true;
  // How long after the start a configuration that is not there is waited for. Helm fails when what it is
  // about to create is there already, and it creates the Deployment first.
  Duration await_registration{0};
  // How long an API server may take to hear of a change of the registration.
  Duration settle{30'000};
  // How often everything is looked at when nothing is due.
  Duration check{60'000};
  // How long authorities of others stay in the caBundle.
  Duration linger{600'000};
};

struct UpkeepHooks {
  std::function<bool()> ready_to_register;            // the cluster is read
  std::function<Status(const http::KeyPair&)> serve;  // from now on
  std::function<void(std::string_view)> registered;   // the registration was written: in a few words what
  std::function<void()> deleted;                      // it was deleted while we run
  // After every look at the registration: does it make the API server ask us? As wanted where we write it;
  // with entries of ours that believe in the served certificate where others do. Not called while nobody
  // knows.
  std::function<void(bool)> standing;
  std::function<void(const OfferedCertificate&)> serving;  // another certificate is served
  // `doing`: "certificates", "registration" or "serving". Conflicts are no failures.
  std::function<void(const char* doing, const Error&)> failed;
};

class Upkeep {
 public:
  // `client` and `clock` must outlive this. Every hook must be set.
  Upkeep(const client::Client& client, const runtime::Clock& clock, UpkeepConfig config,
         std::unique_ptr<CertificateSource> source, UpkeepHooks hooks);

  // The wait before the next step, unless has_news().
  Duration step();
  // Whether a file has changed.
  bool has_news() { return source_->has_news(); }

  // Why we are not ready.
  [[nodiscard]] std::optional<std::string> problem() const;

  // What is served, "" before anything is.
  [[nodiscard]] const std::string& served_certificate() const { return served_.pair.certificate_pem; }

 private:
  using Configuration = std::optional<ValidatingWebhookConfiguration>;

  Result<Configuration> look();
  Result<Configuration> register_with(const std::vector<std::string>& ours, Configuration live,
                                      const Outlook& outlook);
  // Whether somebody may be about to make it.
  [[nodiscard]] bool awaits(const Configuration& live) const;
  void watch(Outlook& outlook, bool at_once);
  // True: it is served, and every API server believes in it.
  bool serve(const OfferedCertificate& offered, const Outlook& outlook);
  [[nodiscard]] Duration wait_for_more(const OfferedCertificate& offered, bool done) const;
  void note(bool serving, bool settled, std::string why);
  Duration soon_after(const char* doing, const Error& error);

  const client::Client* client_;
  const runtime::Clock* clock_;
  const UpkeepConfig config_;
  std::unique_ptr<CertificateSource> source_;
  const UpkeepHooks hooks_;
  const Instant started_;

  TrustHistory history_ = {};
  OfferedCertificate served_ = {};
  bool told_deleted_ = false;
  bool looked_ = false;
  bool may_look_ = true;  // at the registration, by the last try

  mutable std::mutex mutex_;
  bool registered_ = false;
  bool serving_ = false;
  bool settled_ = false;  // once: what is served has been believed in by everybody
  std::string why_ = {};  // of the last failure
};

}  // namespace berth::webhook
