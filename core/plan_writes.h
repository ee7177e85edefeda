// Plan writes: the actions that bring objects of one kind from what is observed to what is wanted.
//
// Shared by the plans of an allocation, a namespace and a vanished owner; nobody else needs it. Not here:
// what is wanted (core/desired), and in which order the kinds are written (the plans). Thread-safety: pure
// functions over values.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/allocation/occupancy.h"
#include "core/base/overloaded.h"
#include "core/desired/config_maps.h"
#include "core/desired/diff.h"
#include "core/desired/ports.h"
#include "core/plan.h"

namespace berth::plan_writes {

using desired::Problem;

inline const char* kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kService:
      return "Service";
    case ObjectKind::kNetworkPolicy:
      return "NetworkPolicy";
    case ObjectKind::kConfigMap:
      return "ConfigMap";
  }
  return "";
}

inline Action create(Service service) { return CreateService{std::move(service)}; }
inline Action create(NetworkPolicy policy) { return CreatePolicy{std::move(policy)}; }
inline Action create(ConfigMap config_map) { return CreateConfigMap{std::move(config_map)}; }
inline ObjectKind kind_of(const Service&) { return ObjectKind::kService; }
inline ObjectKind kind_of(const NetworkPolicy&) { return ObjectKind::kNetworkPolicy; }

inline ObjectKind kind_of(const ConfigMap&) { return ObjectKind::kConfigMap; }

// Whose it is to change and to delete; empty: nobody's.
template <class Object>
Uid owner_of(const Object& object) {
  return allocation::generated_for(object.meta);
}
inline Uid owner_of(const ConfigMap& config_map) {
  return desired::has_its_own_name(config_map.meta) ? desired::told_for(config_map.meta) : Uid{};
}

template <class Object>
const Object* find_named(const std::vector<const Object*>& objects, const ObjectKey& key) {
  const auto found = std::find_if(objects.begin(), objects.end(),
                                  [&](const Object* object) { return object->meta.key() == key; });
  return found == objects.end() ? nullptr : *found;
}

template <class Object>
std::vector<const Object*> generated(const std::vector<const Object*>& objects,
                                     const PortAllocation& allocation) {
  std::vector<const Object*> own;
  for (const Object* object : objects) {
    if (object->meta.ns == allocation.meta.ns && owner_of(*object) == allocation.meta.uid) {
      own.push_back(object);
    }
  }
  std::sort(own.begin(), own.end(),
            [](const Object* a, const Object* b) { return a->meta.key() < b->meta.key(); });
  return own;
}

template <class Object>
Action remove(const Object& object) {
  return DeleteObject{kind_of(object), object.meta.key(), object.meta.uid, object.meta.resource_version};
}

// The writes that bring some objects of one kind to what is wanted.
struct Writes {
  std::vector<Action> actions;
  std::vector<Problem> clashes;
  std::vector<std::string>
      restored;  // names of objects that existed or should have: drift when settled before
};

template <class Object>
void write_wanted(const std::vector<const Object*>& present, const Object& wanted, Writes& writes) {
  const Object* object = find_named(present, wanted.meta.key());
  const std::string name = std::string(kind_name(kind_of(wanted))) + " " + to_string(wanted.meta.key());
  std::visit(
      Overloaded{[](const desired::Settled&) {},
                 [&](const desired::Create&) {
                   writes.actions.push_back(create(wanted));
                   writes.restored.push_back(name);
                 },
                 [&](const desired::Patch& patch) {
                   writes.actions.push_back(PatchObject{kind_of(wanted), wanted.meta.key(), object->meta.uid,
                                                        object->meta.resource_version, patch.edits});
                   writes.restored.push_back(name);
                 },
                 [&](const desired::Clash& clash) {
                   writes.clashes.push_back({clash.reason, clash.message, false});
                 }},
      desired::diff(object, wanted));
}

// Deletes what we generated for the allocation and do not want any more.
template <class Object>
std::vector<Action> delete_unwanted(const std::vector<const Object*>& own,
                                    const std::vector<Object>& wanted) {
  std::vector<Action> actions;
  for (const Object* object : own) {
    const bool needed = std::any_of(wanted.begin(), wanted.end(), [&](const Object& other) {
      return other.meta.key() == object->meta.key();
    });
    if (!needed && !object->meta.deleting()) actions.push_back(remove(*object));
  }
  return actions;
}

inline void append(std::vector<Action>& to, std::vector<Action> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace berth::plan_writes
