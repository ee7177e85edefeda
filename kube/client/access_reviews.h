// AccessReviews: asks the API server whose a token is, and what he may do.
//
// TokenReview of authentication.k8s.io/v1 and SubjectAccessReview of authorization.k8s.io/v1: objects that
// are never stored. Nothing is cached. No error and no log ever shows a token. Thread-safety: as the
// Transport, which is safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "kube/http/requester.h"
#include "kube/http/transport.h"

namespace berth::client {

// nullopt: the token is nobody's (wrong, expired, for another audience). Errors: the API server did not say.
Result<std::optional<http::Requester>> review_token(http::Transport& transport, const std::string& token,
                                                    std::chrono::milliseconds deadline);

// Whether he may do `verb` ("get") at a path that is no resource ("/metrics"). Errors: the API server did not
// say.
Result<bool> review_access(http::Transport& transport, const http::Requester& requester,
                           const std::string& path, const std::string& verb,
                           std::chrono::milliseconds deadline);

}  // namespace berth::client
