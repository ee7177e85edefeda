#include "kube/client/exec_credential.h"

#include "kube/json/tree.h"
#include "kube/json/writer.h"

namespace berth::client {

std::string exec_info(const std::string& api_version) {
  json::Writer writer;
  writer.begin_object().member("apiVersion", api_version).member("kind", "ExecCredential");
  writer.key("spec").begin_object().member("interactive", false).end_object().end_object();
  return writer.take();
}

Result<ExecCredential> parse_exec_credential(std::string_view text) {
  const auto tree = json::parse_tree(text);
  if (!tree.ok()) return malformed("did not write the JSON of an ExecCredential");
  if (tree->text_at({"kind"}) != "ExecCredential") return malformed("did not write an ExecCredential");
  ExecCredential credential;
  credential.token = tree->text_at({"status", "token"});
  credential.client_cert_pem = tree->text_at({"status", "clientCertificateData"});
  credential.client_key_pem = tree->text_at({"status", "clientKeyData"});
  if (credential.client_cert_pem.empty() != credential.client_key_pem.empty()) {
    return malformed("gave one of status.clientCertificateData and status.clientKeyData without the other");
  }
  if (credential.token.empty() && credential.client_cert_pem.empty()) {
    return malformed("gave neither status.token nor status.clientCertificateData");
  }
  return credential;
}

}  // namespace berth::client
