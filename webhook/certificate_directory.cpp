#include "webhook/certificate_directory.h"

#include "kube/http/certificate.h"
#include "kube/http/key_pair_files.h"

namespace berth::webhook {
namespace {

constexpr char kAuthorities[] = "ca.crt";

}  // namespace

Result<CertificateDirectory::Texts> CertificateDirectory::read() const {
  Texts texts;
  TRY(http::KeyPair pair, http::read_key_pair(directory_));
  texts.certificate = std::move(pair.certificate_pem);
  texts.key = std::move(pair.key_pem);
  if (needs_authority_) {
    TRY(texts.authorities, http::read_certificate_file(directory_, kAuthorities));
  }
  return texts;
}

bool CertificateDirectory::has_news() {
  const auto texts = read();
  return texts.ok() != last_.has_value() || (texts.ok() && *texts != *last_);
}

Result<OfferedCertificate> CertificateDirectory::step(const Outlook& outlook) {
  // Those who were there before us have made it known.
  if (!published_at_first_) published_at_first_ = outlook.published.value_or(std::vector<std::string>{});
  auto texts = read();
  last_ = texts.ok() ? std::optional(*texts) : std::nullopt;
  if (!texts.ok()) return std::move(texts).error();
  OfferedCertificate offered;
  offered.pair = {texts->certificate, texts->key};
  if (needs_authority_) {
    TRY(offered.authorities, http::split_certificates(texts->authorities));
    if (!http::leads_to(texts->certificate, offered.authorities)) {
      return malformed("the certificate was not signed by an authority of " + std::string(kAuthorities) +
                           " there: one of the files may be about to be exchanged",
                       directory_ + "/" + http::kCertificateFile);
    }
  }
  offered.proven = http::leads_to(texts->certificate, *published_at_first_);
  return offered;
}

}  // namespace berth::webhook
