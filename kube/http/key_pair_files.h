// KeyPairFiles: a certificate and its key from a directory, as a mounted Secret of type kubernetes.io/tls has
// them.
//
// Whoever keeps them may exchange them at any time; the kubelet does so by one symbolic link for all, other
// programs one by one. Thread-safety: free functions without state.
#pragma once

#include <string>

#include "core/base/result.h"
#include "kube/http/server.h"

namespace berth::http {

inline constexpr char kCertificateFile[] = "tls.crt";
inline constexpr char kKeyFile[] = "tls.key";

// The text of a file there. Errors: Malformed with the file as field: it cannot be read, is empty or is
// longer than 1 MiB.
Result<std::string> read_certificate_file(const std::string& directory, const std::string& name);

// Both, when they belong together. Errors: as above; Malformed when they do not, or are no certificate and
// key. No error ever shows what is in them.
Result<KeyPair> read_key_pair(const std::string& directory);

}  // namespace berth::http
