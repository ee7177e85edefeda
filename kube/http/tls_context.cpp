#include "kube/http/tls_context.h"

#include <array>
#include <climits>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string>
#include <utility>
#include <vector>

#include "kube/http/socket_address.h"

namespace berth::http {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// TLS 1.2: Mozilla's "intermediate" list without the finite-field ones. TLS 1.3 has only good ones.
constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// Length-prefixed, as ALPN wants it.
constexpr unsigned char kAlpn[] = "\x08http/1.1";
constexpr unsigned int kAlpnSize = sizeof kAlpn - 1;

Error unusable(const std::string& what) {
  const std::string why = tls_errors();
  return malformed(why.empty() ? what : what + ": " + why);
}

Result<Bio> open_text(const std::string& pem) {
  if (pem.size() > INT_MAX) return malformed("the PEM text is longer than 2 GiB");
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return unusable("cannot read the PEM text");
  return bio;
}

// Without a callback OpenSSL would ask for the password of an encrypted key at the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return 0; }

// Every certificate of the text, in order; at least one.
Result<std::vector<Certificate>> read_certificates(const std::string& pem, const char* what) {
  ERR_clear_error();
  TRY(const Bio bio, open_text(pem));
  std::vector<Certificate> certificates;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  // The end of the text is reported as "no start line"; anything else is a damaged certificate.
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) return unusable(std::string(what) + " holds a certificate that cannot be read");
  ERR_clear_error();
  if (certificates.empty()) return malformed(std::string(what) + " holds no PEM certificate");
  return certificates;
}

Status use_pair(SSL_CTX* context, const std::string& certificate_pem, const std::string& key_pem) {
  TRY(const auto chain, read_certificates(certificate_pem, "the certificate"));
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return unusable("the certificate cannot be used");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return unusable("the certificate's chain cannot be used");
    }
  }
  TRY(const Bio bio, open_text(key_pem));
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return unusable("the private key cannot be read (PEM without a password is expected)");
  // Compares the key with the certificate set before.
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return unusable("the private key does not belong to the certificate");
  }
  return ok_status();
}

// The first of the client's protocols must be one we speak, otherwise the handshake fails with an alert: a
// client that speaks only HTTP/2 learns so at once.
int choose_alpn(SSL* /*session*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void* /*user*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, kAlpnSize, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<TlsContext> new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(method), Free<SSL_CTX_free>());
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) {
    return unusable("cannot set up TLS");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle connections give their 32 KiB of record buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // Tickets need no memory of ours; the cache would.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

}  // namespace

std::string tls_errors() {
  std::string words;
  while (const unsigned long code = ERR_get_error()) {
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    const char* reason = ERR_reason_error_string(code);
    if (!words.empty()) words += "; ";
    words += reason != nullptr ? reason : text.data();
  }
  return words;
}

Result<TlsContext> make_server_context(const KeyPair& pair) {
  TRY(TlsContext context, new_context(TLS_server_method()));
  TRY_DONE(use_pair(context.get(), pair.certificate_pem, pair.key_pem));
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
  return context;
}

Result<TlsContext> make_client_context(const TlsClientOptions& options) {
  TRY(TlsContext context, new_context(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), options.skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_alpn_protos(context.get(), kAlpn, kAlpnSize) != 0) return unusable("cannot set ALPN");
  if (!options.ca_pem.empty()) {
    TRY(const auto roots, read_certificates(options.ca_pem, "the CA bundle"));
    X509_STORE* store = SSL_CTX_get_cert_store(context.get());
    for (const Certificate& root : roots) {
      if (X509_STORE_add_cert(store, root.get()) != 1) return unusable("the CA bundle cannot be used");
    }
  } else if (!options.skip_verify && SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return unusable("the system's CA certificates cannot be used");
  }
  if (options.certificate_pem.empty() != options.key_pem.empty()) {
    return malformed("a client certificate and its key are given together or not at all");
  }
  if (!options.certificate_pem.empty()) {
    TRY_DONE(use_pair(context.get(), options.certificate_pem, options.key_pem));
  }
  return context;
}

Result<ssl_st*> new_client_session(const TlsContext& context, const std::string& name, bool skip_verify) {
  ERR_clear_error();
  std::unique_ptr<SSL, Free<SSL_free>> session(SSL_new(context.get()));
  if (!session) return unusable("cannot set up TLS");
  const bool address = is_ip_address(name);
  if (!address && SSL_set_tlsext_host_name(session.get(), name.c_str()) != 1) {
    return unusable("'" + name + "' cannot be a server name");
  }
  if (!skip_verify) {
    X509_VERIFY_PARAM* demand = SSL_get0_param(session.get());
    X509_VERIFY_PARAM_set_hostflags(demand, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(demand, name.c_str())
                            : X509_VERIFY_PARAM_set1_host(demand, name.c_str(), name.size());
    if (set != 1) return unusable("'" + name + "' cannot be checked against a certificate");
  }
  return session.release();
}

}  // namespace berth::http
