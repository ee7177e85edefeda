#include "kube/http/certificate.h"

#include <algorithm>
#include <arpa/inet.h>
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

namespace berth::http {
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
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using Check = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

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

// Without a callback OpenSSL would ask for the password of an encrypted key at the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return 0; }

Bio reader(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

Result<Certificate> certificate_of(const std::string& pem) {
  const Bio bio = reader(pem);
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr) : nullptr);
  if (!certificate) return openssl_error("reading a certificate");
  return certificate;
}

Result<Key> key_of(const std::string& pem) {
  const Bio bio = reader(pem);
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
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
  Instant not_after = {};
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
                    ASN1_TIME_set(X509_getm_notAfter(raw), seconds(subject.not_after)) != nullptr &&
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

// Whole seconds, as certificates know them, so that what is written is what was meant.
Instant ending(Instant now, Duration life) { return Instant{(now + life).milliseconds / 1000 * 1000}; }

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
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
    const unsigned char* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
    return inet_ntop(family, bytes, text.data(), text.size()) != nullptr ? text.data() : "";
  }
  return "";
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Every certificate of the text, in order.
Result<std::vector<Certificate>> certificates_of(const std::string& pem) {
  ERR_clear_error();
  const Bio bio = reader(pem);
  if (!bio) return openssl_error("reading PEM");
  std::vector<Certificate> all;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    all.push_back(std::move(next));
  }
  // The end of the text is reported as "no start line"; anything else is a damaged certificate.
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) return openssl_error("reading a certificate");
  ERR_clear_error();
  return all;
}

Result<KeyPair> pair_of(X509* certificate, EVP_PKEY* key) {
  KeyPair pair;
  TRY(pair.certificate_pem, pem_of(certificate));
  TRY(pair.key_pem, pem_of(key));
  return pair;
}

}  // namespace

Result<KeyPair> make_authority(const std::string& common_name, Instant now, Duration life) {
  TRY(const Key key, make_key());
  TRY(const Certificate certificate,
      sign({common_name, true, {}, now, ending(now, life)}, key.get(), nullptr, key.get()));
  return pair_of(certificate.get(), key.get());
}

Result<KeyPair> issue_certificate(const KeyPair& authority, const std::string& common_name,
                                  const std::vector<std::string>& names, Instant now, Duration life) {
  if (names.empty()) return malformed("a server's certificate needs at least one DNS name or IP address");
  TRY(const Certificate issuer, certificate_of(authority.certificate_pem));
  TRY(const Key issuer_key, key_of(authority.key_pem));
  TRY(const CertificateFacts facts, read_certificate(authority.certificate_pem));
  TRY(const Key key, make_key());
  TRY(const Certificate certificate,
      sign({common_name, false, sorted(names), now, std::min(ending(now, life), facts.not_after)}, key.get(),
           issuer.get(), issuer_key.get()));
  return pair_of(certificate.get(), key.get());
}

Result<KeyPair> make_self_signed(const std::string& common_name, const std::vector<std::string>& names,
                                 Instant now, Duration life) {
  if (names.empty()) return malformed("a server's certificate needs at least one DNS name or IP address");
  TRY(const Key key, make_key());
  TRY(const Certificate certificate,
      sign({common_name, false, sorted(names), now, ending(now, life)}, key.get(), nullptr, key.get()));
  return pair_of(certificate.get(), key.get());
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

Result<std::vector<std::string>> split_certificates(const std::string& pem) {
  TRY(const auto certificates, certificates_of(pem));
  std::vector<std::string> texts;
  for (const Certificate& one : certificates) {
    TRY(std::string text, pem_of(one.get()));
    texts.push_back(std::move(text));
  }
  return texts;
}

Status check_pair(const KeyPair& pair) {
  TRY(const Certificate certificate, certificate_of(pair.certificate_pem));
  TRY(const Key key, key_of(pair.key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) == 1) return ok_status();
  ERR_clear_error();
  return malformed("the key belongs to another certificate");
}

bool leads_to(const std::string& chain_pem, const std::vector<std::string>& authorities) {
  const auto chain = certificates_of(chain_pem);
  const Store store(X509_STORE_new());
  const Check check(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
      between(sk_X509_new_null());
  if (!chain.ok() || chain->empty() || !store || !check || !between) return false;
  for (const std::string& pem : authorities) {
    const auto authority = certificate_of(pem);
    if (authority.ok()) X509_STORE_add_cert(store.get(), authority->get());
  }
  for (const Certificate& one : *chain) sk_X509_push(between.get(), one.get());
  if (X509_STORE_CTX_init(check.get(), store.get(), chain->front().get(), between.get()) != 1) return false;
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_SERVER);
  const bool verified = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return verified;
}

Instant renewal_due(const CertificateFacts& facts) {
  const Instant made = std::min(facts.not_before + kBackdate, facts.not_after);
  return made + (facts.not_after - made) * 2 / 3;
}

}  // namespace berth::http
