#include "webhook/certificate_keeper.h"

#include <utility>

#include "core/base/api_names.h"
#include "core/model/cluster_objects.h"

namespace berth::webhook {
namespace {

constexpr char kCaCertificates[] = "ca.crt";
constexpr char kCaKey[] = "ca.key";
constexpr char kCertificate[] = "tls.crt";
constexpr char kKey[] = "tls.key";

std::string entry(const Secret& secret, const char* key) {
  const auto found = secret.data.find(key);
  return found == secret.data.end() ? std::string() : found->second;
}

CertificateBundle bundle_of(const Secret& secret) {
  return {entry(secret, kCaCertificates), entry(secret, kCaKey), entry(secret, kCertificate),
          entry(secret, kKey)};
}

void put(Secret& secret, const CertificateBundle& bundle) {
  secret.data[kCaCertificates] = bundle.ca_certificates;
  secret.data[kCaKey] = bundle.ca_key;
  secret.data[kCertificate] = bundle.certificate;
  secret.data[kKey] = bundle.key;
}

}  // namespace

Result<CertificateBundle> CertificateKeeper::step() {
  const Instant now = clock_->wall();
  auto found = client_->get<Secret>(wire::kSecret, secret_);
  if (!found.ok() && found.error().code != Code::kNotFound) return std::move(found).error();
  if (!found.ok()) {
    TRY(const CertificateBundle bundle, make_bundle(names_, now, validity_));
    Secret secret;
    secret.meta.ns = secret_.ns;
    secret.meta.name = secret_.name;
    secret.meta.labels = {{kManagedByLabel, kManagedByValue}};
    secret.type = "kubernetes.io/tls";
    put(secret, bundle);
    auto created = client_->create(wire::kSecret, secret);
    if (!created.ok() && created.error().code == Code::kExists) {
      return Error{Code::kConflict, "another replica made the certificates, reading them"};
    }
    TRY_DONE(std::move(created));
    return bundle;
  }
  Secret secret = std::move(*found);
  const CertificateBundle present = bundle_of(secret);
  const Renewal due = renewal_due(present, names_, now);
  if (due == Renewal::kNone) return present;
  TRY(const CertificateBundle bundle, renewed(present, due, names_, now, validity_));
  put(secret, bundle);
  TRY_DONE(client_->replace(wire::kSecret, secret));
  return bundle;
}

}  // namespace berth::webhook
