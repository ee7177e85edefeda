// What the fake API server makes of a create, replace, patch or apply.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/api_names.h"
#include "kube/testing/fake_object.h"
#include "kube/testing/fake_state.h"
#include "kube/testing/fake_status.h"

namespace berth::testing {
namespace {

using json::Tree;

constexpr std::size_t kMaxEtcdBytes = 3U << 19U;  // 1.5 MiB
constexpr std::size_t kMaxLedgerEntries = 256;    // maxProperties in its CRD

// What the schema of Berth's own kinds adds or refuses, as far as the operator can meet it.
std::optional<http::Response> complete_custom(const FakeKind& kind, const std::string& name, Tree& object) {
  if (kind.traits.custom && kind.traits.status_subresource) {
    Tree& status = object["status"];
    if (!status.is_object()) status = Tree::object();
    if (status.find({"observedGeneration"}) == nullptr) status["observedGeneration"].value = std::int64_t{-1};
  }
  if (kind.kind == wire::kPortLedger) {
    const Tree* entries = object.find({"spec", "entries"});
    if (entries != nullptr && entries->as_object() != nullptr &&
        entries->as_object()->size() > kMaxLedgerEntries) {
      return invalid(kind.kind, name,
                     {"FieldValueTooMany", "spec.entries",
                      "Too many: " + std::to_string(entries->as_object()->size()) + ": must have at most " +
                          std::to_string(kMaxLedgerEntries) + " items"});
    }
  }
  return std::nullopt;
}

bool is_status(const std::string& subresource) { return subresource == "status"; }

}  // namespace

std::optional<http::Response> FakeApiServer::State::refuse_namespace(const FakeKind& kind,
                                                                     const std::string& ns) const {
  if (!kind.kind.namespaced) return std::nullopt;
  const FakeKind& namespaces = kinds.at({"", "namespaces"});
  const auto found = namespaces.objects.find(ObjectKey{"", ns});
  if (found == namespaces.objects.end()) {
    if (!config.require_namespaces) return std::nullopt;
    return not_found(wire::kNamespace, ns);
  }
  if (found->second.tree->find({"metadata", "deletionTimestamp"}) == nullptr) return std::nullopt;
  return status_response(403, "Forbidden",
                         kind.kind.plural + " is forbidden: unable to create new content in namespace " + ns +
                             " because it is being terminated");
}

std::string FakeApiServer::State::next_uid() {
  char text[40] = {};
  std::snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(++uids_));
  return text;
}

std::string FakeApiServer::State::generated(const std::string& prefix) {
  static constexpr char kAlphabet[] = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  std::uint64_t rest = ++names_;
  for (int i = 0; i < 5; ++i) {
    suffix.insert(suffix.begin(), kAlphabet[rest % 27]);
    rest /= 27;
  }
  return prefix + suffix;
}

http::Response FakeApiServer::State::create(FakeKind& kind, const FakeTarget& target, Tree wanted,
                                            const WriteContext& context) {
  Tree& meta = wanted["metadata"];
  std::string name = meta.text_at({"name"});
  const std::string prefix = meta.text_at({"generateName"});
  if (name.empty() && prefix.empty()) {
    return invalid(
        kind.kind, name,
        {"FieldValueRequired", "metadata.name", "Required value: name or generateName is required"});
  }
  if (!meta.text_at({"resourceVersion"}).empty()) {
    return bad_request("resourceVersion should not be set on objects to be created");
  }
  const std::string ns = meta.text_at({"namespace"});
  if (!ns.empty() && ns != target.ns) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  if (auto refusal = refuse_namespace(kind, target.ns)) return std::move(*refusal);
  if (name.empty()) name = generated(prefix);
  const ObjectKey key{target.ns, name};

  meta["name"].value = name;
  if (kind.kind.namespaced) meta["namespace"].value = target.ns;
  for (const char* field :
       {"deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields"}) {
    meta.erase({field});
  }
  meta["uid"].value = next_uid();
  meta["creationTimestamp"].value = to_rfc3339(clock->wall());
  if (kind.traits.generation) meta["generation"].value = std::int64_t{1};
  wanted["apiVersion"].value = kind.kind.api_version();
  wanted["kind"].value = kind.kind.kind;
  if (kind.traits.status_subresource) wanted.erase({"status"});
  if (!kind.traits.custom) drop_empty(wanted);
  if (kind.kind == wire::kNamespace) {
    wanted["status"]["phase"].value = "Active";
    wanted["metadata"]["labels"][kNamespaceNameLabel].value = name;
  }
  if (kind.kind == wire::kService) {
    wanted["status"]["loadBalancer"].value = Tree::Object{};
    // Numbers are taken before the name is looked at: a taken nodePort of our own name is "already allocated"
    // and not AlreadyExists (measured).
    if (auto refusal = services.admit(key, nullptr, wanted, context.dry_run)) return std::move(*refusal);
  }
  if (auto refusal = complete_custom(kind, name, wanted)) return std::move(*refusal);
  if (kind.objects.contains(key)) return already_exists(kind.kind, name);
  if (json::print_tree(wanted).size() > kMaxEtcdBytes) {
    return status_response(500, "", "etcdserver: request is too large");
  }
  if (context.dry_run) return reply(201, wanted);
  FieldOwners owners;
  if (config.field_owners) owners = owners_after_update(nullptr, wanted, {}, context.manager);
  return reply(201, *commit(kind, key, nullptr, std::move(wanted), std::move(owners), context.manager));
}

http::Response FakeApiServer::State::replace(FakeKind& kind, const FakeTarget& target, Tree wanted,
                                             const WriteContext& context) {
  const ObjectKey key{target.ns, target.name};
  if (wanted.text_at({"metadata", "name"}) != key.name) {
    return bad_request("the name of the object (" + wanted.text_at({"metadata", "name"}) +
                       ") does not match the name on the URL (" + key.name + ")");
  }
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return not_found(kind.kind, key.name);
  const Tree& present = *found->second.tree;
  const Uid uid{wanted.text_at({"metadata", "uid"})};
  const Uid present_uid{present.text_at({"metadata", "uid"})};
  if (!uid.empty() && uid != present_uid) return uid_precondition(kind.kind, key.name, uid, present_uid);
  const std::string version = wanted.text_at({"metadata", "resourceVersion"});
  if (version.empty() && (kind.traits.custom || kind.kind == wire::kLease)) {
    return invalid(kind.kind, key.name,
                   {"FieldValueInvalid", "metadata.resourceVersion",
                    "Invalid value: 0: must be specified for an update"});
  }
  if (!version.empty() && version != present.text_at({"metadata", "resourceVersion"})) {
    return stale(kind.kind, key.name);
  }
  return update(kind, key, std::move(wanted), target.subresource, context, std::nullopt);
}

http::Response FakeApiServer::State::patch(FakeKind& kind, const FakeTarget& target, const Tree& patch,
                                           const WriteContext& context) {
  const ObjectKey key{target.ns, target.name};
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return not_found(kind.kind, key.name);
  const Tree& present = *found->second.tree;
  const std::string uid = patch.text_at({"metadata", "uid"});
  if (!uid.empty() && uid != present.text_at({"metadata", "uid"})) {
    return invalid(
        kind.kind, key.name,
        {"FieldValueInvalid", "metadata.uid", "Invalid value: \"" + uid + "\": field is immutable"});
  }
  const std::string version = patch.text_at({"metadata", "resourceVersion"});
  if (!version.empty() && version != present.text_at({"metadata", "resourceVersion"})) {
    return stale(kind.kind, key.name);
  }
  return update(kind, key, merge_patched(present, patch), target.subresource, context, std::nullopt);
}

http::Response FakeApiServer::State::apply(FakeKind& kind, const FakeTarget& target, Tree config_tree,
                                           const WriteContext& context) {
  const ObjectKey key{target.ns, target.name};
  if (context.manager.empty()) return bad_request("PatchOptions.meta.k8s.io: fieldManager is required");
  const auto found = kind.objects.find(key);
  const std::string uid = config_tree.text_at({"metadata", "uid"});
  if (found == kind.objects.end()) {
    if (is_status(target.subresource)) return not_found(kind.kind, key.name);
    if (!uid.empty()) {
      return conflict(
          kind.kind, key.name,
          "uid mismatch: the provided object specified uid " + uid + ", and no existing object was found");
    }
    config_tree["metadata"].erase({"resourceVersion"});
    config_tree["metadata"]["name"].value = key.name;
    FakeTarget collection = target;
    collection.name.clear();
    return create(kind, collection, std::move(config_tree), context);
  }
  const Tree& present = *found->second.tree;
  const std::string present_uid = present.text_at({"metadata", "uid"});
  if (!uid.empty() && uid != present_uid) {
    return conflict(kind.kind, key.name,
                    "uid mismatch: the provided object specified uid " + uid +
                        ", and the existing object has uid " + present_uid);
  }
  const std::string version = config_tree.text_at({"metadata", "resourceVersion"});
  if (!version.empty() && version != present.text_at({"metadata", "resourceVersion"})) {
    return stale(kind.kind, key.name);
  }
  Applied applied = apply_fields(&present, found->second.owners, config_tree, context.manager, context.force);
  if (applied.conflict) {
    const auto& [other, field] = *applied.conflict;
    const std::string message = "Apply failed with 1 conflict: conflict with \"" + other + "\" using " +
                                kind.kind.api_version() + ": " + field;
    return status_response(409, "Conflict", message, &kind.kind, key.name,
                           {{"FieldManagerConflict", field, "conflict with \"" + other + "\""}});
  }
  return update(kind, key, std::move(applied.object), target.subresource, context, std::move(applied.owners));
}

http::Response FakeApiServer::State::update(FakeKind& kind, const ObjectKey& key, Tree next,
                                            const std::string& subresource, const WriteContext& context,
                                            std::optional<FieldOwners> owners) {
  FakeObject& object = kind.objects.at(key);
  const SharedTree present = object.tree;
  if (is_status(subresource)) {
    if (!kind.traits.status_subresource) return not_found(kind.kind, key.name);
    Tree only_status = *present;
    take_status_of(only_status, next);
    next = std::move(only_status);
  } else if (!subresource.empty()) {
    return not_found(kind.kind, key.name);
  } else if (kind.traits.status_subresource) {
    take_status_of(next, *present);
  }
  keep_server_fields(next, *present);
  if (!kind.traits.custom) drop_empty(next);
  if (kind.kind == wire::kService && subresource.empty()) {
    if (auto refusal = services.admit(key, present.get(), next, context.dry_run)) return std::move(*refusal);
  }
  if (auto refusal = complete_custom(kind, key.name, next)) return std::move(*refusal);

  const bool deleting = present->find({"metadata", "deletionTimestamp"}) != nullptr;
  if (deleting) {
    const std::vector<std::string> before = finalizers_of(*present);
    for (const std::string& name : finalizers_of(next)) {
      if (std::find(before.begin(), before.end(), name) != before.end()) continue;
      return invalid(kind.kind, key.name,
                     {"FieldValueForbidden", "metadata.finalizers",
                      "Forbidden: no new finalizers can be added if the object is being deleted, found new "
                      "finalizers []string{\"" +
                          name + "\"}"});
    }
  }
  next.at({"metadata", "resourceVersion"}) = *present->find({"metadata", "resourceVersion"});
  if (same_but_version(next, *present)) {
    if (owners && !context.dry_run) object.owners = std::move(*owners);
    return reply(200, *present);
  }
  if (kind.traits.generation && !same_spec(next, *present)) {
    next.at({"metadata", "generation"}).value = present->number_at({"metadata", "generation"}, 1) + 1;
  }
  if (json::print_tree(next).size() > kMaxEtcdBytes) {
    return status_response(500, "", "etcdserver: request is too large");
  }
  if (context.dry_run) return reply(200, next);
  if (deleting && finalizers_of(next).empty()) {
    const SharedTree last = std::make_shared<const Tree>(std::move(next));
    return reply(200, *commit(kind, key, last, std::nullopt, {}, context.manager));
  }
  FieldOwners after;
  if (owners) {
    after = std::move(*owners);
  } else if (config.field_owners) {
    after = owners_after_update(present.get(), next, object.owners, context.manager);
  }
  return reply(200, *commit(kind, key, present, std::move(next), std::move(after), context.manager));
}

}  // namespace berth::testing
