// CertificateDirectory: the webhook's certificate from files that somebody else keeps, as a mounted Secret
// has them.
//
// tls.crt (leaf first, then its chain), tls.key and ca.crt. Nothing is written anywhere. Files are read one
// after another while somebody exchanges them, so what does not belong together is not offered: the next look
// will find it whole. Thread-safety: one thread calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "webhook/certificate_source.h"

namespace berth::webhook {

class CertificateDirectory final : public CertificateSource {
 public:
  // `needs_authority`: ca.crt must be there, for the registration rests on it.
  CertificateDirectory(std::string directory, bool needs_authority)
      : directory_(std::move(directory)), needs_authority_(needs_authority) {}

  // Errors: Malformed, with the file that is missing, unreadable or does not fit.
  Result<OfferedCertificate> step(const Outlook& outlook) override;

  bool has_news() override;

 private:
  struct Texts {
    std::string certificate = {};
    std::string key = {};
    std::string authorities = {};
    bool operator==(const Texts&) const = default;
  };
  [[nodiscard]] Result<Texts> read() const;

  const std::string directory_;
  const bool needs_authority_;
  std::optional<Texts> last_ = {};                                   // nullopt: could not be read
  std::optional<std::vector<std::string>> published_at_first_ = {};  // when this process began
};

}  // namespace berth::webhook
