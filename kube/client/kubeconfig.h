// Kubeconfig: one file of it -> ClusterAccess.
//
// Understands what a file can say by itself: server, CA (data or file), client certificate and key (data or
// file), token or token file, tls-server-name, insecure-skip-tls-verify, namespace; and exec, where the
// environment runs programs. Where it does not, exec, and auth-provider everywhere, are refused with a
// message that says what to do instead. Aliases, duplicate keys and documents over 1 MiB are refused
// (yaml-cpp walks alias bombs for ever). Source: client-go clientcmd/api/v1. Thread-safety: free function
// without state.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "kube/client/access.h"

namespace berth::client {

// `path` is the file that `text` was read from: relative file names in it are meant from its folder.
// `context` "" = current-context. Errors: Malformed with the field, NotFound for a named file that is
// missing.
Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& path,
                                       const std::string& context, const Environment& environment);

}  // namespace berth::client
