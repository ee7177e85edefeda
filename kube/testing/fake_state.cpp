#include "kube/testing/fake_state.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "core/base/api_names.h"
#include "kube/testing/fake_status.h"

namespace berth::testing {
namespace {

using json::Tree;

constexpr std::size_t kMaxEtcdBytes = 3U << 19U;  // 1.5 MiB
constexpr std::size_t kMaxBodyBytes = 3U << 20U;
constexpr std::size_t kMaxLedgerEntries = 256;  // maxProperties in its CRD

constexpr const char* kServerOwned[] = {
    "uid",  "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "name", "namespace"};

void keep_server_fields(Tree& next, const Tree& present) {
  Tree& meta = next["metadata"];
  for (const char* field : kServerOwned) {
    const Tree* value = present.find({"metadata", field});
    if (value == nullptr) {
      meta.erase({field});
    } else {
      meta[field] = *value;
    }
  }
  meta.erase({"managedFields"});
  next["apiVersion"] = *present.find({"apiVersion"});
  next["kind"] = *present.find({"kind"});
}

void take_status_of(Tree& next, const Tree& present) {
  const Tree* status = present.find({"status"});
  if (status == nullptr) {
    next.erase({"status"});
  } else {
    next["status"] = *status;
  }
}

bool same_but_version(const Tree& left, const Tree& right) {
  Tree bare_left = left;
  Tree bare_right = right;
  bare_left.erase({"metadata", "resourceVersion"});
  bare_right.erase({"metadata", "resourceVersion"});
  return bare_left == bare_right;
}

bool same_spec(const Tree& left, const Tree& right) {
  Tree bare_left = left;
  Tree bare_right = right;
  for (Tree* tree : {&bare_left, &bare_right}) {
    tree->erase({"metadata"});
    tree->erase({"status"});
  }
  return bare_left == bare_right;
}

std::vector<std::string> finalizers_of(const Tree& object) {
  std::vector<std::string> names;
  const Tree* list = object.find({"metadata", "finalizers"});
  if (list != nullptr && list->as_list() != nullptr) {
    for (const Tree& name : *list->as_list()) names.push_back(name.text_at({}));
  }
  return names;
}

void set_finalizers(Tree& object, const std::vector<std::string>& names) {
  Tree::List list;
  for (const std::string& name : names) list.push_back(Tree::text(name));
  if (list.empty()) {
    object.erase({"metadata", "finalizers"});
  } else {
    object.at({"metadata", "finalizers"}).value = std::move(list);
  }
}

// Null members and empty objects and lists are what typed kinds do not keep.
void drop_empty(Tree& tree) {
  Tree::Object* object = std::get_if<Tree::Object>(&tree.value);
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    drop_empty(member->second);
    const Tree::List* list = member->second.as_list();
    const bool empty = member->second.is_null() || (list != nullptr && list->empty());
    member = empty ? object->erase(member) : std::next(member);
  }
}

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
  add(wire::kLease, {false, false, false});
  add(wire::kEvent, {false, false, false});
  add(wire::kValidatingWebhookConfiguration, {false, false, true});
  for (const wire::Kind& kind : wire::workload_kinds()) add(kind, {false, true, true});
  add(wire::kPodTemplate, {false, false, false});
}

FakeKind* FakeApiServer::State::find_kind(const FakeTarget& target) {
  const auto found = kinds.find({target.group, target.plural});
  if (found == kinds.end() || found->second.kind.version != target.version) return nullptr;
  return &found->second;
}

http::Response FakeApiServer::State::reply(int status, const Tree& tree) {
  return json_response(status, json::print_tree(tree));
}

http::Response FakeApiServer::State::get(const FakeKind& kind, const ObjectKey& key) const {
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return not_found(kind.kind, key.name);
  return reply(200, *found->second.tree);
}

http::Response FakeApiServer::State::list(const FakeKind& kind, const FakeTarget& target) {
  auto selector = FakeSelector::parse(target.parameter("labelSelector"), target.parameter("fieldSelector"));
  if (!selector.ok()) return bad_request(selector.error().message);
  const std::string token = target.parameter("continue");
  Page page;
  if (token.empty()) {
    const std::string wanted = target.parameter("resourceVersion");
    std::int64_t at_least = 0;
    const auto parsed = std::from_chars(wanted.data(), wanted.data() + wanted.size(), at_least);
    if (!wanted.empty() && parsed.ptr != wanted.data() + wanted.size()) {
      return bad_request("Invalid value for resourceVersion: " + wanted);
    }
    if (at_least > revision) {
      http::Response response = status_response(
          504, "Timeout",
          "Timeout: Too large resource version: " + wanted + ", current: " + std::to_string(revision),
          nullptr, "", {{"ResourceVersionTooLarge", "", "Too large resource version"}});
      response.headers["retry-after"] = "1";
      return response;
    }
    page.revision = revision;
    for (const auto& [key, object] : kind.objects) {
      if (!target.ns.empty() && key.ns != target.ns) continue;
      if (selector->matches(*object.tree)) page.rest.push_back(object.tree);
    }
  } else {
    const auto found = pages_.find(token);
    if (found == pages_.end()) {
      return status_response(
          410, "Expired", "The provided continue parameter is too old to display a consistent list result.");
    }
    page = found->second;
  }

  std::size_t limit = 0;
  const std::string text = target.parameter("limit");
  std::from_chars(text.data(), text.data() + text.size(), limit);
  if (config.page_ceiling > 0) {
    const auto ceiling = static_cast<std::size_t>(config.page_ceiling);
    if (limit > 0) limit = std::min(limit, ceiling);
  }
  Tree meta = Tree::object();
  meta["resourceVersion"].value = std::to_string(page.revision);
  std::size_t count = page.rest.size();
  if (limit > 0 && limit < count) {
    count = limit;
    const std::string next = "t" + std::to_string(page.revision) + "-" + std::to_string(++tokens_);
    meta["continue"].value = next;
    meta["remainingItemCount"].value = static_cast<std::int64_t>(page.rest.size() - count);
    pages_[next] = {{page.rest.begin() + static_cast<std::ptrdiff_t>(count), page.rest.end()}, page.revision};
  }
  std::string items;
  for (std::size_t i = 0; i < count; ++i) {
    if (!items.empty()) items += ",";
    Tree item = *page.rest[i];
    if (!kind.traits.custom) {
      item.erase({"apiVersion"});
      item.erase({"kind"});
    }
    items += json::print_tree(item);
  }
  const std::string head =
      "\"kind\":\"" + kind.kind.kind + "List\",\"apiVersion\":\"" + kind.kind.api_version() + "\"";
  const std::string metadata = "\"metadata\":" + json::print_tree(meta);
  // Custom resources put the items first (measured).
  return json_response(200, kind.traits.custom ? "{" + head + ",\"items\":[" + items + "]," + metadata + "}"
                                               : "{" + head + "," + metadata + ",\"items\":[" + items + "]}");
}

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
  FieldOwners owners = owners_after_update(nullptr, wanted, {}, context.manager);
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
  FieldOwners after =
      owners ? std::move(*owners) : owners_after_update(present.get(), next, object.owners, context.manager);
  return reply(200, *commit(kind, key, present, std::move(next), std::move(after), context.manager));
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

http::Response FakeApiServer::State::remove(FakeKind& kind, const FakeTarget& target, const Tree& options,
                                            const WriteContext& context) {
  const ObjectKey key{target.ns, target.name};
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return not_found(kind.kind, key.name);
  const SharedTree present = found->second.tree;
  const Uid uid{options.text_at({"preconditions", "uid"})};
  const Uid present_uid{present->text_at({"metadata", "uid"})};
  if (!uid.empty() && uid != present_uid) return uid_precondition(kind.kind, key.name, uid, present_uid);
  const std::string version = options.text_at({"preconditions", "resourceVersion"});
  const std::string present_version = present->text_at({"metadata", "resourceVersion"});
  if (!version.empty() && version != present_version) {
    return conflict(kind.kind, key.name,
                    "Precondition failed: ResourceVersion in precondition: " + version +
                        ", ResourceVersion in object meta: " + present_version);
  }
  if (context.dry_run || options.find({"dryRun"}) != nullptr) return reply(200, *present);

  std::string propagation = options.text_at({"propagationPolicy"});
  if (propagation.empty()) propagation = target.parameter("propagationPolicy");
  const std::string held_by = propagation == "Foreground" ? "foregroundDeletion"
                              : propagation == "Orphan"   ? "orphan"
                                                          : "";
  if (!held_by.empty()) {
    std::vector<std::string> names = finalizers_of(*present);
    if (std::find(names.begin(), names.end(), held_by) == names.end()) {
      names.push_back(held_by);
      Tree next = *present;
      set_finalizers(next, names);
      FieldOwners owners = found->second.owners;
      next.at({"metadata", "deletionTimestamp"}).value = to_rfc3339(clock->wall());
      next.at({"metadata", "deletionGracePeriodSeconds"}).value = std::int64_t{0};
      return reply(200, *commit(kind, key, present, std::move(next), std::move(owners), context.manager));
    }
  }
  return end(kind, key, context);
}

http::Response FakeApiServer::State::end(FakeKind& kind, const ObjectKey& key, const WriteContext& context) {
  const FakeObject object = kind.objects.at(key);
  const SharedTree present = object.tree;
  const bool marked = present->find({"metadata", "deletionTimestamp"}) != nullptr;
  // A Namespace stays until its content is gone (collect_garbage).
  if (!finalizers_of(*present).empty() || kind.kind == wire::kNamespace) {
    if (marked) return reply(200, *present);
    Tree next = *present;
    next.at({"metadata", "deletionTimestamp"}).value = to_rfc3339(clock->wall());
    next.at({"metadata", "deletionGracePeriodSeconds"}).value = std::int64_t{0};
    if (kind.kind == wire::kNamespace) next.at({"status", "phase"}).value = "Terminating";
    if (kind.traits.generation) {
      next.at({"metadata", "generation"}).value = present->number_at({"metadata", "generation"}, 1) + 1;
    }
    return reply(200, *commit(kind, key, present, std::move(next), object.owners, context.manager));
  }
  const SharedTree last = commit(kind, key, present, std::nullopt, {}, context.manager);
  const bool returns_object = kind.kind == wire::kService || kind.kind == wire::kPod;
  if (returns_object) return reply(200, *last);
  Tree done;
  done["kind"].value = "Status";
  done["apiVersion"].value = "v1";
  done["metadata"].value = Tree::Object{};
  done["status"].value = "Success";
  done["details"]["name"].value = key.name;
  done["details"]["kind"].value = kind.kind.plural;
  done["details"]["uid"].value = last->text_at({"metadata", "uid"});
  return reply(200, done);
}

bool FakeApiServer::State::sweep_namespace(FakeKind& namespaces, const ObjectKey& key, std::size_t& removed) {
  if (namespaces.objects.at(key).tree->find({"metadata", "deletionTimestamp"}) == nullptr) return false;
  bool content = false;
  bool did = false;
  const WriteContext collector{"namespace-controller", false, false};
  for (auto& [name, kind] : kinds) {
    std::vector<ObjectKey> inside;
    for (const auto& [object_key, object] : kind.objects) {
      if (kind.kind.namespaced && object_key.ns == key.name) inside.push_back(object_key);
    }
    for (const ObjectKey& object_key : inside) {
      const std::int64_t before = revision;
      end(kind, object_key, collector);
      did = did || revision != before;
      const bool gone = !kind.objects.contains(object_key);
      removed += gone ? 1 : 0;
      content = content || !gone;
    }
  }
  if (content) return did;
  const SharedTree last = namespaces.objects.at(key).tree;
  commit(namespaces, key, last, std::nullopt, {}, collector.manager);
  ++removed;
  return true;
}

bool FakeApiServer::State::sweep_object(FakeKind& kind, const ObjectKey& key,
                                        const std::set<std::string>& living, std::size_t& removed) {
  const SharedTree present = kind.objects.at(key).tree;
  const WriteContext collector{"generic-garbage-collector", false, false};
  const std::vector<std::string> holds = finalizers_of(*present);
  for (const std::string& name : {std::string("foregroundDeletion"), std::string("orphan")}) {
    if (std::find(holds.begin(), holds.end(), name) == holds.end()) continue;
    // Dependents first: deleted, or set free.
    const std::string uid = present->text_at({"metadata", "uid"});
    bool waiting = false;
    for (auto& [kind_name, other] : kinds) {
      std::vector<ObjectKey> dependents;
      for (const auto& [other_key, object] : other.objects) {
        const Tree* owners = object.tree->find({"metadata", "ownerReferences"});
        if (owners == nullptr || owners->as_list() == nullptr) continue;
        for (const Tree& owner : *owners->as_list()) {
          if (owner.text_at({"uid"}) == uid) dependents.push_back(other_key);
        }
      }
      for (const ObjectKey& dependent : dependents) {
        if (name == "orphan") {
          Tree next = *other.objects.at(dependent).tree;
          auto& list = std::get<Tree::List>(next.at({"metadata", "ownerReferences"}).value);
          std::erase_if(list, [&](const Tree& owner) { return owner.text_at({"uid"}) == uid; });
          update(other, dependent, std::move(next), "", collector, std::nullopt);
        } else {
          end(other, dependent, collector);
          const bool gone = !other.objects.contains(dependent);
          removed += gone ? 1 : 0;
          waiting = waiting || !gone;
        }
      }
    }
    if (waiting) return false;
    Tree next = *present;
    std::vector<std::string> left = holds;
    std::erase(left, name);
    set_finalizers(next, left);
    update(kind, key, std::move(next), "", collector, std::nullopt);
    removed += kind.objects.contains(key) ? 0 : 1;
    return true;
  }
  const Tree* owners = present->find({"metadata", "ownerReferences"});
  if (owners == nullptr || owners->as_list() == nullptr || owners->as_list()->empty()) return false;
  const Tree::List& list = *owners->as_list();
  if (std::any_of(list.begin(), list.end(),
                  [&](const Tree& owner) { return living.contains(owner.text_at({"uid"})); }))
    return false;
  const std::int64_t before = revision;
  end(kind, key, collector);
  removed += kind.objects.contains(key) ? 0 : 1;
  return revision != before;
}

std::size_t FakeApiServer::State::collect_garbage() {
  std::size_t removed = 0;
  bool again = true;
  while (again) {
    again = false;
    // As of the start of this pass: who goes in it, only the next pass misses.
    std::set<std::string> living;
    for (const auto& [name, kind] : kinds) {
      for (const auto& [key, object] : kind.objects) living.insert(object.tree->text_at({"metadata", "uid"}));
    }
    for (auto& [name, kind] : kinds) {
      std::vector<ObjectKey> keys;
      for (const auto& [key, object] : kind.objects) keys.push_back(key);
      for (const ObjectKey& key : keys) {
        if (!kind.objects.contains(key)) continue;
        again = sweep_object(kind, key, living, removed) || again;
        if (kind.kind == wire::kNamespace && kind.objects.contains(key)) {
          again = sweep_namespace(kind, key, removed) || again;
        }
      }
    }
  }
  return removed;
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

}  // namespace berth::testing
