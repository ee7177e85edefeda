// CertificateKeeper: the webhook's certificates in their Secret, the same for every replica.
//
// Several replicas may start at once: whoever creates the Secret first wins, the others take what they find;
// a change is a replace with the resourceVersion that was read. A Secret that was deleted or damaged under a
// running replica is written again as that replica last saw it, so that nobody has to believe in anything
// new. Thread-safety: one thread steps.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "webhook/certificate.h"
#include "webhook/certificate_source.h"

namespace berth::webhook {

// On the Secret: CertificateBundle::unproven.
inline constexpr char kUnprovenAnnotation[] = "berth.dev/unproven-authority";

class CertificateKeeper final : public CertificateSource {
 public:
  using NextStage = decltype(&next_stage);

  // Both must outlive the keeper. `secret`: where the bundle is kept (type kubernetes.io/tls, keys ca.crt,
  // ca.key, tls.crt, tls.key).
  CertificateKeeper(const client::Client& client, const runtime::Clock& clock, ObjectKey secret,
                    std::vector<std::string> names, Validity validity)
      : client_(&client),
        clock_(&clock),
        secret_(std::move(secret)),
        names_(std::move(names)),
        validity_(validity) {}

  // Called with every stage that this process has carried out.
  void on_advance(std::function<void(Stage)> told) { advanced_ = std::move(told); }

  // Tests only: what would happen if stages were chosen otherwise.
  void choose_stages_by(NextStage next) { next_stage_ = next; }

  // Reads the Secret and carries out at most one stage. Errors: as the client's, also Conflict.
  Result<OfferedCertificate> step(const Outlook& outlook) override;

 private:
  Result<CertificateBundle> look_and_advance(const Outlook& outlook);
  Result<CertificateBundle> created(Instant now);
  [[nodiscard]] bool remembered_serves(Instant now) const;

  const client::Client* client_;
  const runtime::Clock* clock_;
  ObjectKey secret_;
  std::vector<std::string> names_;
  Validity validity_;
  NextStage next_stage_ = &next_stage;
  std::function<void(Stage)> advanced_ = {};
  std::optional<CertificateBundle> remembered_ = {};  // as last read or written, if it could be used
};

}  // namespace berth::webhook
