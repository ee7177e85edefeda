// ExecCredential: credentials that a program of the cloud provider gives, as kubectl runs it.
//
// Source: KEP-541, client.authentication.k8s.io/v1 and v1beta1. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth::client {

// What the program finds in KUBERNETES_EXEC_INFO. It may not ask people anything.
std::string exec_info(const std::string& api_version);

struct ExecCredential {
  std::string token = {};
  std::string client_cert_pem = {};  // both or none
  std::string client_key_pem = {};
};

// What the program has written. Errors: Malformed; never with a credential in the message.
Result<ExecCredential> parse_exec_credential(std::string_view text);

}  // namespace berth::client
