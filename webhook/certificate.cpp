#include "webhook/certificate.h"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/base/cidr.h"

namespace berth::webhook {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

constexpr Duration kBackdate = std::chrono::minutes(5);
constexpr long kX509Version3 = 2;

Error openssl_error(const std::string& doing) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return malformed(doing + ": " + text.data());
}

template <class Write>
Result<std::string> pem_of(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return openssl_error("writing PEM");
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

Result<std::string> pem_of(X509* certificate) {
  return pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

Result<std::string> pem_of(EVP_PKEY* key) {
  return pem_of(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

Bio reader(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

Result<Certificate> certificate_of(const std::string& pem) {
  const Bio bio = reader(pem);
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return openssl_error("reading a certificate");
  return certificate;
}

Result<Key> key_of(const std::string& pem) {
  const Bio bio = reader(pem);
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return openssl_error("reading a private key");
  return key;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (Cidr::parse_address(name).ok() ? "IP:" : "DNS:") + name;
  }
  return text;
}

struct Subject {
  std::string common_name;
  bool authority = false;
  std::vector<std::string> names = {};
  Instant now = {};
  Duration life = {};
};

// A certificate for `key`, signed by `issuer` (itself when `issuer` is null).
Result<Certificate> sign(const Subject& subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  if (!certificate) return openssl_error("making a certificate");
  X509* raw = certificate.get();
  X509* signer = issuer == nullptr ? raw : issuer;
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1)
    return openssl_error("drawing a serial");
  serial[0] &= 0x7f;  // RFC 5280 4.1.2.2: positive
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  const auto seconds = [](Instant instant) { return static_cast<time_t>(instant.milliseconds / 1000); };
  X509_NAME* name = X509_get_subject_name(raw);
  const auto* common = reinterpret_cast<const unsigned char*>(subject.common_name.c_str());
  const bool made = number && X509_set_version(raw, kX509Version3) == 1 &&
                    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(raw)) != nullptr &&
                    ASN1_TIME_set(X509_getm_notBefore(raw),
                                  seconds({subject.now.milliseconds - kBackdate.count()})) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(raw), seconds(subject.now + subject.life)) != nullptr &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(raw, X509_get_subject_name(signer)) == 1 &&
                    X509_set_pubkey(raw, key) == 1;
  if (!made) return openssl_error("filling a certificate");
  const bool extended =
      subject.authority
          ? add_extension(raw, signer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                add_extension(raw, signer, NID_key_usage, "critical,keyCertSign,cRLSign")
          : add_extension(raw, signer, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(raw, signer, NID_key_usage, "critical,digitalSignature") &&
                add_extension(raw, signer, NID_ext_key_usage, "serverAuth") &&
                add_extension(raw, signer, NID_subject_alt_name, alternative_names(subject.names));
  if (!extended || !add_extension(raw, signer, NID_subject_key_identifier, "hash") ||
      !add_extension(raw, signer, NID_authority_key_identifier, "keyid")) {
    return openssl_error("extending a certificate");
  }
  if (X509_sign(raw, issuer_key, EVP_sha256()) == 0) return openssl_error("signing a certificate");
  return certificate;
}

Result<Key> make_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_error("making a key");
  return key;
}

Result<Instant> instant_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return openssl_error("reading a time");
  const std::chrono::sys_days day = std::chrono::year(parts.tm_year + 1900) /
                                    std::chrono::month(static_cast<unsigned>(parts.tm_mon) + 1) /
                                    std::chrono::day(static_cast<unsigned>(parts.tm_mday));
  const auto instant = day + std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) +
                       std::chrono::seconds(parts.tm_sec);
  return Instant{std::chrono::duration_cast<Duration>(instant.time_since_epoch()).count()};
}

std::string name_text(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    return {data, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))};
  }
  if (name->type == GEN_IPADD) {
    const std::unique_ptr<char, decltype([](char* text) { OPENSSL_free(text); })> text(
        i2s_ASN1_OCTET_STRING(nullptr, name->d.iPAddress));
    const unsigned char* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
    if (ASN1_STRING_length(name->d.iPAddress) == 4) {
      return std::to_string(bytes[0]) + "." + std::to_string(bytes[1]) + "." + std::to_string(bytes[2]) +
             "." + std::to_string(bytes[3]);
    }
    return text ? text.get() : "";
  }
  return "";
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool past_two_thirds(const CertificateFacts& facts, Instant now) {
  const Duration life = facts.not_after - facts.not_before;
  return now >= facts.not_before + life * 2 / 3;
}

}  // namespace

Result<CertificateBundle> make_bundle(const std::vector<std::string>& names, Instant now,
                                      const Validity& validity) {
  TRY(const Key ca_key, make_key());
  const std::string common_name = "berth-webhook-ca " + to_rfc3339(now);
  TRY(const Certificate ca,
      sign({common_name, true, {}, now, validity.ca}, ca_key.get(), nullptr, ca_key.get()));
  CertificateBundle bundle;
  TRY(bundle.ca_certificates, pem_of(ca.get()));
  TRY(bundle.ca_key, pem_of(ca_key.get()));
  return with_new_leaf(bundle, names, now, validity);
}

Result<CertificateBundle> with_new_leaf(const CertificateBundle& bundle,
                                        const std::vector<std::string>& names, Instant now,
                                        const Validity& validity) {
  if (names.empty()) return malformed("a webhook certificate needs at least one DNS name or IP address");
  TRY(const Certificate ca, certificate_of(bundle.ca_certificates));
  TRY(const Key ca_key, key_of(bundle.ca_key));
  TRY(const Key key, make_key());
  TRY(const Certificate leaf,
      sign({"berth-webhook", false, sorted(names), now, validity.leaf}, key.get(), ca.get(), ca_key.get()));
  CertificateBundle made = bundle;
  TRY(made.certificate, pem_of(leaf.get()));
  TRY(made.key, pem_of(key.get()));
  TRY_DONE(verify_bundle(made));
  return made;
}

Result<CertificateFacts> read_certificate(const std::string& pem) {
  TRY(const Certificate certificate, certificate_of(pem));
  CertificateFacts facts;
  TRY(facts.not_before, instant_of(X509_get0_notBefore(certificate.get())));
  TRY(facts.not_after, instant_of(X509_get0_notAfter(certificate.get())));
  const std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    facts.names.push_back(name_text(sk_GENERAL_NAME_value(names.get(), i)));
  }
  facts.names = sorted(std::move(facts.names));
  return facts;
}

Status verify_bundle(const CertificateBundle& bundle) {
  TRY(const Certificate ca, certificate_of(bundle.ca_certificates));
  TRY(const Key ca_key, key_of(bundle.ca_key));
  TRY(const Certificate leaf, certificate_of(bundle.certificate));
  TRY(const Key key, key_of(bundle.key));
  if (X509_check_private_key(ca.get(), ca_key.get()) != 1)
    return openssl_error("the CA key is of another CA");
  if (X509_check_private_key(leaf.get(), key.get()) != 1)
    return openssl_error("the key is of another certificate");
  if (X509_verify(leaf.get(), X509_get0_pubkey(ca.get())) != 1) {
    return openssl_error("the certificate is not signed by this CA");
  }
  return ok_status();
}

Renewal renewal_due(const CertificateBundle& bundle, const std::vector<std::string>& names, Instant now) {
  const auto ca = read_certificate(bundle.ca_certificates);
  if (!ca.ok() || !key_of(bundle.ca_key).ok() || past_two_thirds(*ca, now)) return Renewal::kAll;
  const auto leaf = read_certificate(bundle.certificate);
  if (!leaf.ok() || past_two_thirds(*leaf, now)) return Renewal::kLeaf;
  if (!verify_bundle(bundle).ok()) return Renewal::kLeaf;
  const std::vector<std::string> wanted = sorted(names);
  const bool covered = std::includes(leaf->names.begin(), leaf->names.end(), wanted.begin(), wanted.end());
  return covered ? Renewal::kNone : Renewal::kLeaf;
}

Result<CertificateBundle> renewed(const CertificateBundle& bundle, Renewal renewal,
                                  const std::vector<std::string>& names, Instant now,
                                  const Validity& validity) {
  if (renewal == Renewal::kNone) return bundle;
  if (renewal == Renewal::kLeaf) {
    auto leaf = with_new_leaf(bundle, names, now, validity);
    if (leaf.ok()) return leaf;  // otherwise the CA is damaged: make everything anew
  }
  TRY(CertificateBundle made, make_bundle(names, now, validity));
  const auto old = read_certificate(bundle.ca_certificates);
  if (old.ok() && now < old->not_after) {
    // Only the newest old CA: two are enough for a change-over, and the bundle cannot grow without end.
    TRY(const Certificate first, certificate_of(bundle.ca_certificates));
    TRY(const std::string pem, pem_of(first.get()));
    made.ca_certificates += pem;
  }
  return made;
}

}  // namespace berth::webhook
