#include "kube/testing/fake_api_server.h"

#include <utility>

#include "kube/http/status_error.h"
#include "kube/testing/fake_state.h"
#include "kube/testing/fake_status.h"

namespace berth::testing {
namespace {

constexpr char kPartial[] = "PartialObjectMetadata";

// What Accept "as=PartialObjectMetadata" leaves of an object.
json::Tree partial(const json::Tree& object) {
  json::Tree out;
  out["kind"].value = kPartial;
  out["apiVersion"].value = "meta.k8s.io/v1";
  if (const json::Tree* meta = object.find({"metadata"})) out["metadata"] = *meta;
  return out;
}

void make_partial(http::Response& response) {
  auto body = json::parse_tree(response.body);
  if (!body.ok()) return;
  const json::Tree* items = body->find({"items"});
  if (items == nullptr || items->as_list() == nullptr) {
    response.body = json::print_tree(partial(*body));
    return;
  }
  json::Tree::List list;
  for (const json::Tree& item : *items->as_list()) list.push_back(partial(item));
  json::Tree out;
  out["kind"].value = std::string(kPartial) + "List";
  out["apiVersion"].value = "meta.k8s.io/v1";
  out["metadata"] = *body->find({"metadata"});
  out["items"].value = std::move(list);
  response.body = json::print_tree(out);
}

bool is_watch(const FakeTarget& target) { return target.name.empty() && target.flag("watch"); }

Result<std::unique_ptr<http::Stream>> open_watch(const std::shared_ptr<FakeApiServer::State>& state,
                                                 const http::Request& request,
                                                 std::shared_ptr<const WatchHold> hold) {
  const std::lock_guard lock(state->mutex);
  const auto target = parse_target(request.target);
  FakeKind* kind = target ? state->find_kind(*target) : nullptr;
  http::Response refusal;
  if (kind == nullptr) {
    refusal = status_response(404, "NotFound", "the server could not find the requested resource");
  } else if (!is_watch(*target)) {
    refusal = bad_request("a stream was asked for, but no watch");
  } else {
    auto selector =
        FakeSelector::parse(target->parameter("labelSelector"), target->parameter("fieldSelector"));
    if (selector.ok()) {
      state->log.push_back({request, 200, state->revision, false, true});
      return open_fake_watch(state, *kind, *target, std::move(*selector), std::move(hold));
    }
    refusal = bad_request(selector.error().message);
  }
  state->log.push_back({request, refusal.status, state->revision, false, true});
  return http::error_from_status(refusal);
}

class FakeView final : public http::Transport {
 public:
  FakeView(FakeApiServer& server, std::shared_ptr<FakeApiServer::State> state,
           std::shared_ptr<const WatchHold> hold)
      : server_(&server), state_(std::move(state)), hold_(std::move(hold)) {}

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    return server_->exchange(request, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds /*deadline*/) override {
    return open_watch(state_, request, hold_);
  }

 private:
  FakeApiServer* server_;
  std::shared_ptr<FakeApiServer::State> state_;
  std::shared_ptr<const WatchHold> hold_;
};

}  // namespace

FakeApiServer::FakeApiServer(ManualClock& clock, Config config)
    : state_(std::make_shared<State>(clock, config)) {}

FakeApiServer::~FakeApiServer() = default;

Result<http::Response> FakeApiServer::exchange(const http::Request& request,
                                               std::chrono::milliseconds /*deadline*/) {
  const std::lock_guard lock(state_->mutex);
  const std::int64_t before = state_->revision;
  http::Response response = state_->handle(request);
  if (response.status < 300 && request.accept.find(kPartial) != std::string::npos) make_partial(response);
  state_->log.push_back({request, response.status, state_->revision, state_->revision != before, false});
  return response;
}

Result<std::unique_ptr<http::Stream>> FakeApiServer::open(const http::Request& request,
                                                          std::chrono::milliseconds /*deadline*/) {
  return open_watch(state_, request, nullptr);
}

std::unique_ptr<http::Transport> FakeApiServer::view(std::shared_ptr<const WatchHold> hold) {
  return std::make_unique<FakeView>(*this, state_, std::move(hold));
}

void FakeApiServer::add_kind(const wire::Kind& kind, KindTraits traits) {
  const std::lock_guard lock(state_->mutex);
  state_->kinds[{kind.group, kind.plural}] = FakeKind{kind, traits, {}};
}

std::int64_t FakeApiServer::revision() const {
  const std::lock_guard lock(state_->mutex);
  return state_->revision;
}

std::optional<json::Tree> FakeApiServer::object(const wire::Kind& kind, const ObjectKey& key) const {
  const std::lock_guard lock(state_->mutex);
  const FakeKind& all = state_->kinds.at({kind.group, kind.plural});
  const auto found = all.objects.find(key);
  if (found == all.objects.end()) return std::nullopt;
  return *found->second.tree;
}

std::vector<json::Tree> FakeApiServer::objects(const wire::Kind& kind, std::string_view ns) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<json::Tree> found;
  for (const auto& [key, object] : state_->kinds.at({kind.group, kind.plural}).objects) {
    if (ns.empty() || key.ns == ns) found.push_back(*object.tree);
  }
  return found;
}

std::vector<Revision> FakeApiServer::history() const {
  const std::lock_guard lock(state_->mutex);
  return state_->history;
}

std::vector<LoggedRequest> FakeApiServer::log() const {
  const std::lock_guard lock(state_->mutex);
  return state_->log;
}

std::size_t FakeApiServer::write_requests() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t count = 0;
  for (const LoggedRequest& each : state_->log) count += each.write() ? 1 : 0;
  return count;
}

void FakeApiServer::clear_log() {
  const std::lock_guard lock(state_->mutex);
  state_->log.clear();
}

void FakeApiServer::compact() {
  const std::lock_guard lock(state_->mutex);
  state_->oldest = state_->revision;
  state_->forget_pages();
}

void FakeApiServer::rewind(std::int64_t revision) {
  const std::lock_guard lock(state_->mutex);
  state_->rewind(revision);
}

void FakeApiServer::restart(bool forget) {
  const std::lock_guard lock(state_->mutex);
  state_->broken_epoch = ++state_->epoch;
  // Somebody always writes something meanwhile: the newest version from before is too old for a server that
  // has just started (measured).
  if (forget) state_->oldest = ++state_->revision;
  state_->changed.notify_all();
}

void FakeApiServer::freeze_watches() {
  const std::lock_guard lock(state_->mutex);
  state_->frozen_epoch = ++state_->epoch;
}

void FakeApiServer::hold_watches(std::optional<std::int64_t> up_to) {
  const std::lock_guard lock(state_->mutex);
  state_->hold = up_to;
  state_->changed.notify_all();
}

std::size_t FakeApiServer::collect_garbage() {
  const std::lock_guard lock(state_->mutex);
  return state_->collect_garbage();
}

void FakeApiServer::leak_node_port(std::int64_t number) {
  const std::lock_guard lock(state_->mutex);
  state_->services.leak(number);
}

void FakeApiServer::repair_node_ports() {
  const std::lock_guard lock(state_->mutex);
  state_->services.repair();
}

bool FakeApiServer::edit(const wire::Kind& kind, const ObjectKey& key,
                         const std::function<void(json::Tree&)>& change) {
  const std::lock_guard lock(state_->mutex);
  FakeKind& all = state_->kinds.at({kind.group, kind.plural});
  const auto found = all.objects.find(key);
  if (found == all.objects.end()) return false;
  const FakeObject present = found->second;
  json::Tree next = *present.tree;
  change(next);
  FieldOwners owners = owners_after_update(present.tree.get(), next, present.owners, "somebody");
  state_->commit(all, key, present.tree, std::move(next), std::move(owners), "somebody");
  return true;
}

}  // namespace berth::testing
