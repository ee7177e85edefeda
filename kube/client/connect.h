// Connect: ClusterAccess -> the transport that carries requests there.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "kube/client/access.h"
#include "kube/http/transport.h"

namespace berth::client {

// Touches no network. Errors: Malformed for unusable certificates or keys.
Result<std::unique_ptr<http::Transport>> make_transport(const ClusterAccess& access,
                                                        const std::string& user_agent);

}  // namespace berth::client
