// CertificateKeeper: the webhook's certificates in their Secret, the same for every replica.
//
// Several replicas may start at once: whoever creates the Secret first wins, the others take what they find;
// a renewal is a replace with the resourceVersion that was read. Thread-safety: one thread steps.
#pragma once

#include <string>
#include <vector>

#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "webhook/certificate.h"

namespace berth::webhook {

class CertificateKeeper {
 public:
  // Both must outlive the keeper. `secret`: where the bundle is kept (type kubernetes.io/tls, keys ca.crt,
  // ca.key, tls.crt, tls.key).
  CertificateKeeper(const client::Client& client, const runtime::Clock& clock, ObjectKey secret,
                    std::vector<std::string> names, Validity validity)
      : client_(&client),
        clock_(&clock),
        secret_(std::move(secret)),
        names_(std::move(names)),
        validity_(validity) {}

  // Reads the Secret, makes or renews what is due, and returns what is to be served. Errors: as the client's,
  // also Conflict when another replica was faster: step again.
  Result<CertificateBundle> step();

 private:
  const client::Client* client_;
  const runtime::Clock* clock_;
  ObjectKey secret_;
  std::vector<std::string> names_;
  Validity validity_;
};

}  // namespace berth::webhook
