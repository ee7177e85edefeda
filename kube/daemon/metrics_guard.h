// MetricsGuard: /metrics for those who may read it, and for nobody else.
//
// The bearer token of a request is shown to the API server (TokenReview), and whoever it belongs to must be
// allowed "get" of the path /metrics (SubjectAccessReview), as controller-runtime's filter does it. Tokens
// are remembered by their digest and never written anywhere. Answers of the API server are kept: whose a
// token is for a minute, that he may for five, that he may not for thirty seconds, a thousand of each. A
// question that cannot be asked is no yes. Thread-safety: answer() may be called from several threads at
// once; it waits for the API server, so the listener is one of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/daemon/metrics.h"
#include "kube/http/requester.h"
#include "kube/http/server.h"

namespace berth::daemon {

inline constexpr char kMetricsPath[] = "/metrics";

// How the API server is asked; an error means that it did not say.
struct AccessReviews {
  std::function<Result<std::optional<http::Requester>>(const std::string& token)> authenticate;
  std::function<Result<bool>(const http::Requester&)> may_read_metrics;
};

class MetricsGuard {
 public:
  using Failed = std::function<void(const Error&)>;

  // `metrics` must outlive this. `monotonic` tells the time; `failed` learns why nobody could be let in.
  MetricsGuard(Metrics& metrics, AccessReviews reviews, std::function<Instant()> monotonic, Failed failed);
  MetricsGuard(const MetricsGuard&) = delete;
  MetricsGuard& operator=(const MetricsGuard&) = delete;
  ~MetricsGuard();

  // 200; 401 without a token that is somebody's; 403 when he may not; 503 when the API server does not say.
  // Other paths 404, other methods than GET and HEAD 405.
  [[nodiscard]] http::Reply answer(const http::ServerRequest& request);

 private:
  struct State;
  [[nodiscard]] http::Reply decide(const http::ServerRequest& request);
  Result<std::optional<http::Requester>> requester_of(const std::string& token);
  Result<bool> may_read(const http::Requester& requester);

  std::unique_ptr<State> state_;
};

// The token of an Authorization header (RFC 6750 2.1); nullopt: there is none.
std::optional<std::string> bearer_token(const std::string& authorization);

}  // namespace berth::daemon
