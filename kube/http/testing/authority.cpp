#include "kube/http/testing/authority.h"

#include <atomic>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "kube/http/testing/socket_io.h"

namespace berth::http::test {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(bio, certificate) == 1, "cannot write a certificate");
  return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "cannot write a key");
  return text_of(bio);
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "cannot add an extension");
  X509_EXTENSION_free(extension);
}

X509* new_certificate(const std::string& name, EVP_PKEY* key, bool expired) {
  static std::atomic<long> serial{1};
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -60 : 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  require(X509_set_pubkey(certificate, key) == 1, "cannot set a key");
  return certificate;
}

X509* certificate_of(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

EVP_PKEY* key_of(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return key;
}

}  // namespace

Authority::Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
  require(key_ != nullptr, "cannot make a key");
  certificate_ = new_certificate(name, key_, false);
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  add_extension(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_, certificate_, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate_, key_, EVP_sha256()) > 0, "cannot sign");
  pem_ = pem_of(certificate_);
}

Authority::~Authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

KeyPair Authority::issue(const std::string& alternative_names, const std::string& name, bool expired) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  require(key != nullptr, "cannot make a key");
  X509* leaf = new_certificate(name, key, expired);
  X509_set_issuer_name(leaf, X509_get_subject_name(certificate_));
  if (!alternative_names.empty()) {
    add_extension(leaf, certificate_, NID_subject_alt_name, alternative_names.c_str());
  }
  require(X509_sign(leaf, key_, EVP_sha256()) > 0, "cannot sign");
  KeyPair pair{pem_of(leaf), pem_of(key)};
  X509_free(leaf);
  EVP_PKEY_free(key);
  return pair;
}

void trust(SSL_CTX* context, const std::string& ca_pem, int mode) {
  X509* ca = certificate_of(ca_pem);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
  X509_free(ca);
  SSL_CTX_set_verify(context, mode, nullptr);
}

void show(SSL_CTX* context, const KeyPair& pair) {
  X509* certificate = certificate_of(pair.certificate_pem);
  EVP_PKEY* key = key_of(pair.key_pem);
  require(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1,
          "cannot use a key pair");
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace berth::http::test
