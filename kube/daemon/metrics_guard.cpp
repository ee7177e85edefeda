#include "kube/daemon/metrics_guard.h"

#include <chrono>
#include <mutex>
#include <string_view>
#include <utility>

#include "kube/daemon/expiring_cache.h"
#include "kube/http/digest.h"

namespace berth::daemon {
namespace {

constexpr std::size_t kMostKept = 1000;
constexpr Duration kKnown = std::chrono::minutes(1);
constexpr Duration kAllowed = std::chrono::minutes(5);
constexpr Duration kDenied = std::chrono::seconds(30);
constexpr char kPlain[] = "text/plain; charset=utf-8";

http::Reply refuse(int status, std::string why,
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {
      .status = status, .content_type = kPlain, .body = std::move(why) + "\n", .headers = std::move(headers)};
}

Counter answered(Metrics& metrics, int code) {
  return metrics.counter("berth_metrics_requests_total",
                         "Requests to the guarded metrics, by what was answered.",
                         {{"code", std::to_string(code)}});
}

// Everything of him, so that no two are taken for one.
std::string key_of(const http::Requester& requester) {
  std::string text;
  const auto add = [&](const std::string& part) { text += std::to_string(part.size()) + ":" + part; };
  add(requester.user);
  add(requester.uid);
  text += "groups";
  for (const std::string& group : requester.groups) add(group);
  for (const auto& [key, values] : requester.extra) {
    text += "extra";
    add(key);
    for (const std::string& value : values) add(value);
  }
  return http::sha256(text);
}

bool same_letters(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> bearer_token(const std::string& authorization) {
  const std::size_t blank = authorization.find(' ');
  if (blank == std::string::npos || !same_letters(authorization.substr(0, blank), "bearer"))
    return std::nullopt;
  const std::size_t begin = authorization.find_first_not_of(' ', blank);
  if (begin == std::string::npos) return std::nullopt;
  std::string token = authorization.substr(begin);
  if (token.find_first_of(" \t") != std::string::npos) return std::nullopt;
  return token;
}

struct MetricsGuard::State {
  Metrics& metrics;
  AccessReviews reviews;
  std::function<Instant()> monotonic;
  Failed failed;
  std::mutex mutex{};  // guards the caches, not the questions
  ExpiringCache<std::optional<http::Requester>> requesters{kMostKept};
  ExpiringCache<bool> allowed{kMostKept};
};

MetricsGuard::MetricsGuard(Metrics& metrics, AccessReviews reviews, std::function<Instant()> monotonic,
                           Failed failed)
    : state_(new State{metrics, std::move(reviews), std::move(monotonic), std::move(failed)}) {
  // A rate is known only of what has been there before it grew.
  for (const int code : {200, 401, 403, 404, 405, 503}) answered(metrics, code);
}

MetricsGuard::~MetricsGuard() = default;

Result<std::optional<http::Requester>> MetricsGuard::requester_of(const std::string& token) {
  const std::string key = http::sha256(token);
  {
    const std::lock_guard lock(state_->mutex);
    if (auto known = state_->requesters.get(key, state_->monotonic())) return *std::move(known);
  }
  TRY(auto requester, state_->reviews.authenticate(token));
  const std::lock_guard lock(state_->mutex);
  state_->requesters.put(key, requester, state_->monotonic(), kKnown);
  return requester;
}

Result<bool> MetricsGuard::may_read(const http::Requester& requester) {
  const std::string key = key_of(requester);
  {
    const std::lock_guard lock(state_->mutex);
    if (const auto known = state_->allowed.get(key, state_->monotonic())) return *known;
  }
  TRY(const bool allowed, state_->reviews.may_read_metrics(requester));
  const std::lock_guard lock(state_->mutex);
  state_->allowed.put(key, allowed, state_->monotonic(), allowed ? kAllowed : kDenied);
  return allowed;
}

http::Reply MetricsGuard::decide(const http::ServerRequest& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path != kMetricsPath) return refuse(404, "not found");
  if (request.method != "GET" && request.method != "HEAD") {
    return refuse(405, "only GET and HEAD", {{"Allow", "GET, HEAD"}});
  }
  const auto unasked = [&](const Error& error) {
    state_->failed(error);
    return refuse(503, "the API server cannot be asked who you are and what you may read",
                  {{"Retry-After", "5"}});
  };
  const auto token = bearer_token(request.authorization);
  if (!token) return refuse(401, "a bearer token is needed", {{"WWW-Authenticate", "Bearer"}});
  const auto requester = requester_of(*token);
  if (!requester.ok()) return unasked(requester.error());
  if (!*requester) {
    return refuse(401, "this token is nobody's", {{"WWW-Authenticate", "Bearer error=\"invalid_token\""}});
  }
  const auto allowed = may_read(**requester);
  if (!allowed.ok()) return unasked(allowed.error());
  if (!*allowed) return refuse(403, "you may not get /metrics: ClusterRole berth-metrics-reader allows it");
  return {.content_type = kMetricsContentType, .body = state_->metrics.text()};
}

http::Reply MetricsGuard::answer(const http::ServerRequest& request) {
  http::Reply reply = decide(request);
  answered(state_->metrics, reply.status).add();
  return reply;
}

}  // namespace berth::daemon
