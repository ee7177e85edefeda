// The bodies of store.h's templates. Include store.h instead.
#pragma once

#include <cstdlib>

#include "core/base/overloaded.h"
#include "kube/runtime/store.h"

namespace berth::runtime {

template <class T>
Store<T>::Store(StoreGroup& group, Listener listener, Hooks hooks)
    : group_(&group), listener_(std::move(listener)), hooks_(std::move(hooks)) {}

template <class T>
void Store<T>::apply(WatchOutput<T> output) {
  std::visit(Overloaded{
                 [&](Rewound& event) { empty_out(event); },
                 [&](Init&) { incoming_.clear(); },
                 [&](InitApply<T>& event) {
                   Object object = keep(std::move(event.object));
                   const auto known = incoming_.find(object);
                   if (known == incoming_.end()) {
                     incoming_.insert(std::move(object));
                   } else {
                     replace(incoming_, known, std::move(object));
                   }
                 },
                 [&](InitDone& event) {
                   change([&](Changes& changes) { swap_in(std::move(event.resource_version), changes); });
                   if (hooks_.listed) hooks_.listed();
                 },
                 [&](Apply<T>& event) {
                   change([&](Changes& changes) {
                     const std::string version = event.object.meta.resource_version;
                     put(std::move(event.object), changes);
                     advance(version);
                   });
                 },
                 [&](Delete<T>& event) {
                   change([&](Changes& changes) {
                     bury(event.object.meta.uid, event.object.meta.resource_version);
                     drop(event.object, changes);
                     advance(event.object.meta.resource_version);
                   });
                 },
                 [&](Reached& event) {
                   const auto lock = group_->write();
                   advance(event.resource_version);
                 },
             },
             output);
}

template <class T>
void Store<T>::put_written(T object) {
  change([&](Changes& changes) {
    if (newest_written_.empty() || is_older(newest_written_, object.meta.resource_version)) {
      newest_written_ = object.meta.resource_version;
    }
    // Up to version_ we know everything: what is not here at or before it has been and gone.
    const Order order = compare_versions(object.meta.resource_version, version_);
    if (ready_ && (order == Order::kOlder || order == Order::kSame)) return;
    put(std::move(object), changes);
  });
}

template <class T>
void Store<T>::removed(const ObjectKey& key, const Uid& uid) {
  if (uid.empty()) std::abort();  // without a uid this could take a successor of the same name away
  change([&](Changes& changes) {
    bury(uid, "");
    const auto found = objects_.find(key);
    if (found == objects_.end() || (*found)->meta.uid != uid) return;
    changes.push_back({*found, nullptr});
    objects_.erase(found);
  });
}

template <class T>
std::string Store<T>::newest_written() const {
  const Snapshot snapshot = group_->snapshot();
  return newest_written_;
}

template <class T>
bool Store<T>::ready(const Snapshot& snapshot) const {
  check(snapshot);
  return ready_;
}

template <class T>
const std::string& Store<T>::resource_version(const Snapshot& snapshot) const {
  check(snapshot);
  return version_;
}

template <class T>
typename Store<T>::Object Store<T>::get(const Snapshot& snapshot, const ObjectKey& key) const {
  check(snapshot);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : *found;
}

template <class T>
std::size_t Store<T>::size(const Snapshot& snapshot) const {
  check(snapshot);
  return objects_.size();
}

template <class T>
std::vector<typename Store<T>::Object> Store<T>::all(const Snapshot& snapshot) const {
  check(snapshot);
  return {objects_.begin(), objects_.end()};
}

template <class T>
std::vector<typename Store<T>::Object> Store<T>::in_namespace(const Snapshot& snapshot,
                                                              std::string_view ns) const {
  check(snapshot);
  std::vector<Object> found;
  for (auto at = objects_.lower_bound(ObjectKey{std::string(ns), ""}); at != objects_.end(); ++at) {
    if ((*at)->meta.ns != ns) break;
    found.push_back(*at);
  }
  return found;
}

template <class T>
template <class Visit>
void Store<T>::for_each(const Snapshot& snapshot, Visit&& visit) const {
  check(snapshot);
  for (const Object& object : objects_) visit(*object);
}

template <class T>
template <class Visit>
void Store<T>::for_each_in(const Snapshot& snapshot, std::string_view ns, Visit&& visit) const {
  check(snapshot);
  for (auto at = objects_.lower_bound(ObjectKey{std::string(ns), ""}); at != objects_.end(); ++at) {
    if ((*at)->meta.ns != ns) break;
    visit(**at);
  }
}

template <class T>
void Store<T>::check(const Snapshot& snapshot) const {
  if (!snapshot.of(*group_)) std::abort();  // another group's lock protects nothing here
}

template <class T>
template <class Edit>
void Store<T>::change(Edit&& edit) {
  Changes changes;
  {
    const auto lock = group_->write();
    edit(changes);
  }
  if (!listener_) return;
  for (const Change<T>& each : changes) listener_(each);
}

template <class T>
typename Store<T>::Object Store<T>::keep(T object) const {
  if (hooks_.slim) hooks_.slim(object);
  return std::make_shared<const T>(std::move(object));
}

template <class T>
void Store<T>::replace(Objects& objects, typename Objects::iterator at, Object object) {
  auto node = objects.extract(at);
  node.value() = std::move(object);
  objects.insert(std::move(node));
}

template <class T>
void Store<T>::put(T object, Changes& changes) {
  if (buried_.contains(object.meta.uid)) return;
  const auto found = objects_.find(object.meta.key());
  if (found != objects_.end()) {
    const Order order = compare_versions(object.meta.resource_version, (*found)->meta.resource_version);
    if (order == Order::kOlder || order == Order::kSame) return;
  }
  Object after = keep(std::move(object));
  if (found == objects_.end()) {
    changes.push_back({nullptr, after});
    objects_.insert(std::move(after));
  } else {
    changes.push_back({*found, after});
    replace(objects_, found, std::move(after));
  }
}

// A deletion only takes the object it is about: one of the same name may have been made since.
template <class T>
void Store<T>::drop(const T& object, Changes& changes) {
  const auto found = objects_.find(object.meta.key());
  if (found == objects_.end()) return;
  if ((*found)->meta.uid != object.meta.uid &&
      !is_older((*found)->meta.resource_version, object.meta.resource_version)) {
    return;
  }
  changes.push_back({*found, nullptr});
  objects_.erase(found);
}

// The list is the truth as of its version; only what we know to be newer (a write of ours whose answer came
// while the list was on its way) stays as it is. What the list contradicts although it claims to be as new
// comes from a history that was rewound: the list wins.
template <class T>
void Store<T>::swap_in(std::string resource_version, Changes& changes) {
  Objects fresh = std::move(incoming_);
  incoming_.clear();
  std::map<Uid, std::string> still_buried;
  for (auto at = fresh.begin(); at != fresh.end();) {
    const auto grave = buried_.find((*at)->meta.uid);
    const bool dead =
        grave != buried_.end() && (grave->second.empty() || is_older(resource_version, grave->second));
    if (dead) still_buried.insert(*grave);
    at = dead ? fresh.erase(at) : std::next(at);
  }
  // The others need no tombstone: whatever is not newer than the list is left out from now on anyway.
  buried_ = std::move(still_buried);
  burials_.clear();
  for (const auto& [uid, version] : buried_) burials_.push_back(uid);

  for (const Object& present : objects_) {
    const auto found = fresh.find(present);
    const bool newer = is_older(resource_version, present->meta.resource_version);
    if (found == fresh.end()) {
      if (newer) {
        fresh.insert(present);
      } else {
        changes.push_back({present, nullptr});
      }
      continue;
    }
    const bool same =
        compare_versions((*found)->meta.resource_version, present->meta.resource_version) == Order::kSame &&
        (*found)->meta.uid == present->meta.uid;
    if (newer || same) {
      replace(fresh, found, present);
    } else {
      changes.push_back({present, *found});
    }
  }
  for (const Object& listed : fresh) {
    if (!objects_.contains(listed)) changes.push_back({nullptr, listed});
  }
  objects_ = std::move(fresh);
  ready_ = true;
  version_ = std::move(resource_version);
}

template <class T>
void Store<T>::empty_out(const Rewound& event) {
  change([&](Changes& changes) {
    for (const Object& present : objects_) changes.push_back({present, nullptr});
    objects_.clear();
    ready_ = false;
    version_.clear();
    newest_written_.clear();
    buried_.clear();
    burials_.clear();
  });
  incoming_.clear();
  if (hooks_.rewound) hooks_.rewound(event);
}

template <class T>
void Store<T>::advance(const std::string& resource_version) {
  if (version_.empty() || is_older(version_, resource_version)) version_ = resource_version;
}

template <class T>
void Store<T>::bury(const Uid& uid, const std::string& version) {
  if (uid.empty()) return;
  const auto [grave, fresh] = buried_.try_emplace(uid, version);
  if (!fresh) {
    if (!version.empty()) grave->second = version;
    return;
  }
  burials_.push_back(uid);
  if (burials_.size() <= kMaxTombstones) return;
  buried_.erase(burials_.front());
  burials_.pop_front();
}

}  // namespace berth::runtime
