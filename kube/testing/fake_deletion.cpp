// How objects of the fake API server end: on request, with their namespace, or after their owner.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/testing/fake_object.h"
#include "kube/testing/fake_state.h"
#include "kube/testing/fake_status.h"

namespace berth::testing {

using json::Tree;

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

}  // namespace berth::testing
