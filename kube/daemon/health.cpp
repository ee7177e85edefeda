#include "kube/daemon/health.h"

#include <atomic>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::daemon {
namespace {

struct NamedCheck {
  std::string name;
  HealthCheck check;
};

constexpr char kPlain[] = "text/plain; charset=utf-8";

// "a=1&verbose&b": whether one of the parts is "verbose", with or without a value.
bool asks_verbose(std::string_view query) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    if (part.substr(0, part.find('=')) == "verbose") return true;
    query.remove_prefix(part.size() < query.size() ? part.size() + 1 : part.size());
  }
  return false;
}

http::Reply run(std::string_view endpoint, const std::vector<NamedCheck>& checks, bool draining,
                bool verbose) {
  // The first check of the API server's endpoints: that we answer at all.
  std::string lines = "[+]ping ok\n";
  bool fine = true;
  const auto add = [&](const std::string& name, const std::optional<std::string>& failure) {
    lines += failure ? "[-]" + name + " failed: " + *failure + "\n" : "[+]" + name + " ok\n";
    fine = fine && !failure;
  };
  if (draining) add("draining", "the program is stopping");
  for (const NamedCheck& one : checks) add(one.name, one.check());
  lines += std::string(endpoint) + (fine ? " check passed\n" : " check failed\n");
  if (fine && !verbose) return {.content_type = kPlain, .body = "ok"};
  return {.status = fine ? 200 : 503,
          .content_type = kPlain,
          .body = std::move(lines),
          .headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-cache, private"}}};
}

}  // namespace

struct Health::State {
  const Metrics* metrics;
  std::atomic<bool> draining{false};
  mutable std::mutex mutex{};  // guards the lists, not the calls
  std::vector<NamedCheck> liveness{};
  std::vector<NamedCheck> readiness{};

  explicit State(const Metrics* m) : metrics(m) {}

  std::vector<NamedCheck> copy(const std::vector<NamedCheck>& checks) const {
    const std::lock_guard lock(mutex);
    return checks;
  }
};

Health::Health(const Metrics* metrics) : state_(std::make_unique<State>(metrics)) {}

Health::~Health() = default;

void Health::add_liveness(std::string name, HealthCheck check) {
  const std::lock_guard lock(state_->mutex);
  state_->liveness.push_back({std::move(name), std::move(check)});
}

void Health::add_readiness(std::string name, HealthCheck check) {
  const std::lock_guard lock(state_->mutex);
  state_->readiness.push_back({std::move(name), std::move(check)});
}

void Health::set_draining() { state_->draining = true; }

http::Reply Health::answer(const http::ServerRequest& request) const {
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  const bool known = path == "/livez" || path == "/healthz" || path == "/readyz" ||
                     (path == "/metrics" && state_->metrics != nullptr);
  if (!known) return {.status = 404, .content_type = kPlain, .body = "not found\n"};
  if (request.method != "GET" && request.method != "HEAD") {
    return {.status = 405,
            .content_type = kPlain,
            .body = "only GET and HEAD\n",
            .headers = {{"Allow", "GET, HEAD"}}};
  }
  if (path == "/metrics") return {.content_type = kMetricsContentType, .body = state_->metrics->text()};
  const bool verbose = path.size() < target.size() && asks_verbose(target.substr(path.size() + 1));
  const std::string_view endpoint = path.substr(1);
  if (path == "/readyz") {
    return run(endpoint, state_->copy(state_->readiness), state_->draining, verbose);
  }
  return run(endpoint, state_->copy(state_->liveness), false, verbose);
}

http::Handler Health::handler() const {
  return [this](const http::ServerRequest& request) { return answer(request); };
}

}  // namespace berth::daemon
