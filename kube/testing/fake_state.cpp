#include "kube/testing/fake_state.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kube/testing/fake_status.h"

namespace berth::testing {
namespace {

using json::Tree;

constexpr std::size_t kMaxBodyBytes = 3U << 20U;

}  // namespace

FakeApiServer::State::State(ManualClock& manual_clock, Config with)
    : config(with),
      clock(&manual_clock),
      services(with.node_port_low, with.node_port_high),
      revision(with.first_revision),
      oldest(with.first_revision) {
  const auto add = [this](const wire::Kind& kind, KindTraits traits) {
    kinds[{kind.group, kind.plural}] = FakeKind{kind, traits, {}};
  };
  for (const wire::Kind& kind : {wire::kPortRange, wire::kPortAllocation, wire::kExposurePolicy}) {
    add(kind, {true, true, true});
  }
  add(wire::kPortLedger, {true, false, true});
  add(wire::kService, {false, true, false});
  add(wire::kIngress, {false, true, true});
  add(wire::kNetworkPolicy, {false, false, true});
  add(wire::kNamespace, {false, true, false});
  add(wire::kSecret, {false, false, false});
  add(wire::kConfigMap, {false, false, false});
  add(wire::kLease, {false, false, false});
  add(wire::kEvent, {false, false, false});
  add(wire::kValidatingWebhookConfiguration, {false, false, true});
  add(wire::kValidatingAdmissionPolicy, {false, true, true});
  add(wire::kValidatingAdmissionPolicyBinding, {false, false, true});
  add(wire::kReport, {true, false, true});
  for (const wire::Kind& kind : wire::workload_kinds()) add(kind, {false, true, true});
  add(wire::kPodTemplate, {false, false, false});
}

FakeKind* FakeApiServer::State::find_kind(const FakeTarget& target) {
  const auto found = kinds.find({target.group, target.plural});
  if (found == kinds.end() || found->second.kind.version != target.version) return nullptr;
  return &found->second;
}

http::Response FakeApiServer::State::handle(const http::Request& request) {
  const auto target = parse_target(request.target);
  FakeKind* kind = target ? find_kind(*target) : nullptr;
  if (kind == nullptr) {
    return status_response(404, "NotFound", "the server could not find the requested resource");
  }
  if (kind->kind.namespaced && target->ns.empty() && (request.method != "GET" || !target->name.empty())) {
    return status_response(405, "MethodNotAllowed", "the server does not allow this method on the resource");
  }
  if (request.method == "GET") {
    if (target->name.empty()) return list(*kind, *target);
    return get(*kind, ObjectKey{target->ns, target->name});
  }
  if (request.body.size() > kMaxBodyBytes) {
    return status_response(413, "RequestEntityTooLarge",
                           "Request entity too large: limit is " + std::to_string(kMaxBodyBytes));
  }
  WriteContext context;
  context.manager = target->parameter("fieldManager");
  context.dry_run = target->parameter("dryRun") == "All";
  context.force = target->flag("force");
  Tree body = Tree::object();
  if (!request.body.empty() || request.method != "DELETE") {
    auto parsed = json::parse_tree(request.body);
    if (!parsed.ok()) return bad_request("the object provided is unrecognized: " + parsed.error().message);
    if (!parsed->is_object()) return bad_request("the object provided is unrecognized");
    body = std::move(*parsed);
  }
  if (request.method == "POST" && target->name.empty())
    return create(*kind, *target, std::move(body), context);
  if (target->name.empty()) {
    return status_response(405, "MethodNotAllowed", "the server does not allow this method on the resource");
  }
  if (request.method == "PUT") return replace(*kind, *target, std::move(body), context);
  if (request.method == "DELETE") return remove(*kind, *target, body, context);
  if (request.method == "PATCH" && request.content_type == "application/merge-patch+json") {
    return patch(*kind, *target, body, context);
  }
  if (request.method == "PATCH" && request.content_type.starts_with("application/apply-patch")) {
    return apply(*kind, *target, std::move(body), context);
  }
  return status_response(415, "UnsupportedMediaType",
                         "the body of the request was in an unknown format: " + request.content_type);
}

http::Response FakeApiServer::State::reply(int status, const Tree& tree) {
  return json_response(status, json::print_tree(tree));
}

SharedTree FakeApiServer::State::commit(FakeKind& kind, const ObjectKey& key, SharedTree before,
                                        std::optional<Tree> after, FieldOwners owners,
                                        const std::string& manager) {
  ++revision;
  Tree stamped = after ? std::move(*after) : *before;
  stamped.at({"metadata", "resourceVersion"}).value = std::to_string(revision);
  const SharedTree result = std::make_shared<const Tree>(std::move(stamped));

  Revision entry;
  entry.number = revision;
  entry.kind = kind.kind;
  entry.key = key;
  entry.uid = Uid{result->text_at({"metadata", "uid"})};
  entry.by = manager;
  entry.before = before;
  if (after) entry.after = result;
  history.push_back(std::move(entry));

  if (kind.kind == wire::kService) {
    const auto held = kind.objects.find(key);
    services.committed(held == kind.objects.end() ? nullptr : held->second.tree.get(),
                       after ? result.get() : nullptr);
  }
  if (after) {
    kind.objects[key] = FakeObject{result, std::move(owners)};
  } else {
    kind.objects.erase(key);
  }
  changed.notify_all();
  return result;
}

void FakeApiServer::State::rewind(std::int64_t to) {
  std::map<std::string, FieldOwners> owners;
  for (auto& [name, kind] : kinds) {
    for (auto& [key, object] : kind.objects) {
      owners[object.tree->text_at({"metadata", "uid"})] = std::move(object.owners);
    }
    kind.objects.clear();
  }
  std::erase_if(history, [to](const Revision& entry) { return entry.number > to; });
  for (const Revision& entry : history) {
    FakeKind& kind = kinds.at({entry.kind.group, entry.kind.plural});
    if (entry.after == nullptr) {
      kind.objects.erase(entry.key);
    } else {
      kind.objects[entry.key] = FakeObject{entry.after, owners[entry.uid.text]};
    }
  }
  services.clear();
  for (const auto& [key, object] : kinds.at({"", "services"}).objects) {
    services.committed(nullptr, object.tree.get());
  }
  revision = std::max(to, config.first_revision);
  oldest = revision;  // the API server has restarted too, with nothing older in its cache
  pages_.clear();
  broken_epoch = ++epoch;
  changed.notify_all();
}

void FakeApiServer::State::forget_pages() { pages_.clear(); }

}  // namespace berth::testing
