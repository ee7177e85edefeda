// TLS settings of both sides as OpenSSL contexts, made from PEM text.
//
// Inside of kube/http: the only place that reads PEM or chooses protocol versions and ciphers.
// Thread-safety: contexts are not changed after they are made, so connections may share them.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "kube/http/server.h"
#include "kube/http/tls_transport.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // OpenSSL's SSL

namespace berth::http {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// TLS 1.2 and 1.3, forward secrecy and authenticated encryption only, ALPN http/1.1 only, no renegotiation.
// Errors: Malformed when a PEM cannot be read or the key is not the certificate's.
Result<TlsContext> make_server_context(const KeyPair& pair);
Result<TlsContext> make_client_context(const TlsClientOptions& options);

// A client's connection state that demands a certificate for `name`: one with that DNS name, or that IP
// address when it is one. The name is sent as SNI unless it is an address (RFC 6066 3). The caller owns it.
Result<ssl_st*> new_client_session(const TlsContext& context, const std::string& name, bool skip_verify);

// Empties OpenSSL's error queue of this thread; what it held, in words.
std::string tls_errors();

}  // namespace berth::http
