#include "webhook/certificate_keeper.h"

#include <algorithm>
#include <utility>

#include "core/base/api_names.h"
#include "core/model/cluster_objects.h"
#include "kube/http/certificate.h"

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
          entry(secret, kKey), secret.meta.annotations.contains(kUnprovenAnnotation)};
}

void put(Secret& secret, const CertificateBundle& bundle) {
  secret.data[kCaCertificates] = bundle.ca_certificates;
  secret.data[kCaKey] = bundle.ca_key;
  secret.data[kCertificate] = bundle.certificate;
  secret.data[kKey] = bundle.key;
  if (bundle.unproven) {
    secret.meta.annotations[kUnprovenAnnotation] = "true";
  } else {
    secret.meta.annotations.erase(kUnprovenAnnotation);
  }
}

Belief belief_in(const std::string& ca_certificates, const Outlook& outlook) {
  if (!outlook.published) return Belief::kNobodyAsks;
  const auto authorities = http::split_certificates(ca_certificates);
  if (!authorities.ok() || authorities->empty()) return Belief::kNotYet;
  const auto since = outlook.history.published.find(authorities->front());
  const bool long_enough =
      since != outlook.history.published.end() && since->second + outlook.settle <= outlook.monotonic;
  return long_enough ? Belief::kSettled : Belief::kNotYet;
}

}  // namespace

bool CertificateKeeper::remembered_serves(Instant now) const {
  return remembered_ && next_stage(*remembered_, Belief::kNotYet, names_, now) != Stage::kMakeAll;
}

Result<CertificateBundle> CertificateKeeper::created(Instant now) {
  CertificateBundle bundle;
  if (remembered_serves(now)) {
    bundle = *remembered_;
  } else {
    TRY(bundle, make_bundle(names_, now, validity_));
  }
  Secret secret;
  secret.meta.ns = secret_.ns;
  secret.meta.name = secret_.name;
  secret.meta.labels = {{kManagedByLabel, kManagedByValue}};
  secret.type = "kubernetes.io/tls";
  put(secret, bundle);
  auto written = client_->create(wire::kSecret, secret);
  if (!written.ok() && written.error().code == Code::kExists) {
    return Error{Code::kConflict, "another replica made the certificates, reading them"};
  }
  TRY_DONE(std::move(written));
  if (advanced_) advanced_(Stage::kMakeAll);
  return bundle;
}

Result<CertificateBundle> CertificateKeeper::look_and_advance(const Outlook& outlook) {
  const Instant now = clock_->wall();
  auto found = client_->get<Secret>(wire::kSecret, secret_);
  if (!found.ok() && found.error().code != Code::kNotFound) return std::move(found).error();
  if (!found.ok()) return created(now);
  Secret secret = std::move(*found);
  const CertificateBundle present = bundle_of(secret);
  const Belief belief = belief_in(present.ca_certificates, outlook);
  const Stage stage = next_stage_(present, belief, names_, now);
  if (stage == Stage::kServe || stage == Stage::kAwait) return present;
  CertificateBundle bundle;
  if (stage == Stage::kMakeAll && remembered_serves(now)) {
    bundle = *remembered_;
  } else {
    TRY(bundle, advanced(present, stage, belief, names_, now, validity_));
  }
  put(secret, bundle);
  TRY_DONE(client_->replace(wire::kSecret, secret));
  if (advanced_) advanced_(stage);
  return bundle;
}

Result<OfferedCertificate> CertificateKeeper::step(const Outlook& outlook) {
  TRY(const CertificateBundle bundle, look_and_advance(outlook));
  remembered_ = bundle;
  OfferedCertificate offered;
  offered.pair = {bundle.certificate, bundle.key};
  TRY(offered.authorities, http::split_certificates(bundle.ca_certificates));
  offered.proven = !bundle.unproven;
  offered.waiting = bundle.unproven || !http::leads_to(bundle.certificate, {offered.authorities.front()});
  return offered;
}

}  // namespace berth::webhook
