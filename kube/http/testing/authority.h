// Authority: certificates for tests.
//
// Thread-safety: issue() may be called from several threads at once.
#pragma once

#include <string>

#include "kube/http/server.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace berth::http::test {

// Signs certificates. P-256, valid from an hour ago for a day.
class Authority {
 public:
  explicit Authority(const std::string& name = "test CA");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  [[nodiscard]] const std::string& pem() const { return pem_; }
  // alternative_names in OpenSSL's form: "DNS:example.test,IP:127.0.0.1".
  [[nodiscard]] KeyPair issue(const std::string& alternative_names, const std::string& name = "leaf",
                              bool expired = false) const;

 private:
  evp_pkey_st* key_;
  x509_st* certificate_;
  std::string pem_;
};

// Makes sessions of `context` trust that CA and no other, and have the peer's certificate checked in `mode`
// (OpenSSL's SSL_VERIFY_*).
void trust(ssl_ctx_st* context, const std::string& ca_pem, int mode);
// Makes sessions of `context` show that certificate.
void show(ssl_ctx_st* context, const KeyPair& pair);

}  // namespace berth::http::test
