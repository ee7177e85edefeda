// The bodies of store.h's templates. Include store.h instead.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "core/base/overloaded.h"
#include "kube/runtime/store.h"

namespace berth::runtime {

template <class T>
Store<T>::Store(StoreGroup& group, Listener listener, Hooks hooks)
    : group_(&group), listener_(std::move(listener)), hooks_(std::move(hooks)) {
  if (hooks_.namespaces.empty()) std::abort();  // nobody would feed it
  hooks_.whole /= hooks_.namespaces.size();
  for (const std::string& ns : hooks_.namespaces) parts_[ns].ns = ns;
}

template <class T>
const typename Store<T>::Part& Store<T>::part(const std::string& ns) const {
  const auto found = parts_.find(ns);
  if (found == parts_.end()) std::abort();  // taken for another part it would empty that one
  return found->second;
}

template <class T>
typename Store<T>::Part& Store<T>::part(const std::string& ns) {
  return const_cast<Part&>(std::as_const(*this).part(ns));
}

template <class T>
const typename Store<T>::Part* Store<T>::part_of(const std::string& ns) const {
  auto found = parts_.find("");
  if (found == parts_.end()) found = parts_.find(ns);
  return found == parts_.end() ? nullptr : &found->second;
}

template <class T>
typename Store<T>::Part* Store<T>::part_of(const std::string& ns) {
  return const_cast<Part*>(std::as_const(*this).part_of(ns));
}

template <class T>
typename Store<T>::Range Store<T>::present(const Part& part) {
  if (part.ns.empty()) return {objects_.begin(), objects_.end()};
  const std::string next = part.ns + '\0';  // no namespace is between them
  return {objects_.lower_bound(KeptByKey::Key(part.ns, "")), objects_.lower_bound(KeptByKey::Key(next, ""))};
}

template <class T>
void Store<T>::forget(const Range& gone) {
  if (gone.first == objects_.begin() && gone.second == objects_.end()) {
    index_.clear();
  } else {
    for (auto at = gone.first; at != gone.second; ++at) index_.remove(at->ns(), tags(*at->object()), &*at);
  }
  objects_.erase(gone.first, gone.second);
}

template <class T>
void Store<T>::apply(WatchOutput<T> output, const std::string& ns) {
  Part& fed = part(ns);
  std::visit(
      Overloaded{
          [&](Rewound& event) {
            change([&](Changes& changes) {
              empty_out(fed, changes);
              fed.newest_written.clear();
              fed.buried.clear();
              fed.burials.clear();
            });
            fed.incoming.clear();
            if (hooks_.rewound) hooks_.rewound(event);
          },
          [&](Init&) { fed.incoming.clear(); },
          [&](InitApply<T>& event) {
            Item item = keep(std::move(event.object), fed.incoming.size());
            const auto known = fed.incoming.find(item);
            if (known == fed.incoming.end()) {
              fed.incoming.insert(std::move(item));
            } else {
              replace(fed.incoming, known, std::move(item));
            }
          },
          [&](InitDone& event) {
            change([&](Changes& changes) { swap_in(fed, std::move(event.resource_version), changes); });
            if (hooks_.listed) hooks_.listed();
          },
          [&](Apply<T>& event) {
            change([&](Changes& changes) {
              const std::string version = event.object.meta.resource_version;
              put(std::move(event.object), fed, changes);
              advance(fed, version);
            });
          },
          [&](Delete<T>& event) {
            change([&](Changes& changes) {
              bury(fed, event.object.meta.uid, event.object.meta.resource_version);
              drop(event.object, changes);
              advance(fed, event.object.meta.resource_version);
            });
          },
          [&](Reached& event) {
            const auto lock = group_->write();
            advance(fed, event.resource_version);
          },
      },
      output);
}

template <class T>
void Store<T>::put_written(T object) {
  Part* const fed = part_of(object.meta.ns);
  if (fed == nullptr) return;  // nobody would ever tell of its end
  change([&](Changes& changes) {
    if (fed->newest_written.empty() || is_older(fed->newest_written, object.meta.resource_version)) {
      fed->newest_written = object.meta.resource_version;
    }
    // Up to this version we know everything: what is not here at or before it has been and gone.
    const Order order = compare_versions(object.meta.resource_version, fed->version);
    if (fed->ready && (order == Order::kOlder || order == Order::kSame)) return;
    put(std::move(object), *fed, changes);
  });
}

template <class T>
void Store<T>::removed(const ObjectKey& key, const Uid& uid) {
  if (uid.empty()) std::abort();  // without a uid this could take a successor of the same name away
  Part* const fed = part_of(key.ns);
  if (fed == nullptr) return;
  change([&](Changes& changes) {
    bury(*fed, uid, "");
    const auto found = objects_.find(key);
    if (found == objects_.end() || found->object()->meta.uid != uid) return;
    take_away(found, changes);
  });
}

template <class T>
std::string Store<T>::newest_written(const std::string& ns) const {
  const Snapshot snapshot = group_->snapshot();
  return part(ns).newest_written;
}

template <class T>
bool Store<T>::ready(const Snapshot& snapshot) const {
  check(snapshot);
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& one) { return one.second.ready; });
}

template <class T>
bool Store<T>::listed(const Snapshot& snapshot, const std::string& ns) const {
  check(snapshot);
  const Part* const fed = part_of(ns);
  return fed != nullptr && fed->ready;
}

template <class T>
void Store<T>::lose(const std::string& ns) {
  change([&](Changes& changes) { empty_out(part(ns), changes); });
}

template <class T>
const std::string& Store<T>::resource_version(const Snapshot& snapshot, const std::string& ns) const {
  check(snapshot);
  return part(ns).version;
}

template <class T>
typename Store<T>::Object Store<T>::get(const Snapshot& snapshot, const ObjectKey& key) const {
  check(snapshot);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->object();
}

template <class T>
std::optional<Kept<T>> Store<T>::kept(const Snapshot& snapshot, const ObjectKey& key) const {
  check(snapshot);
  const auto found = objects_.find(key);
  return found == objects_.end() ? std::nullopt : std::optional(*found);
}

template <class T>
std::size_t Store<T>::size(const Snapshot& snapshot) const {
  check(snapshot);
  return objects_.size();
}

template <class T>
std::vector<typename Store<T>::Object> Store<T>::all(const Snapshot& snapshot) const {
  std::vector<Object> found;
  for_each(snapshot, [&](const Object& object) { found.push_back(object); });
  return found;
}

template <class T>
std::vector<typename Store<T>::Object> Store<T>::in_namespace(const Snapshot& snapshot,
                                                              std::string_view ns) const {
  std::vector<Object> found;
  for_each_in(snapshot, ns, [&](const Object& object) { found.push_back(object); });
  return found;
}

template <class T>
template <class Visit>
void Store<T>::for_each(const Snapshot& snapshot, Visit&& visit) const {
  check(snapshot);
  for (const Item& item : objects_) visit(item.object());
}

template <class T>
template <class Visit>
void Store<T>::for_each_in(const Snapshot& snapshot, std::string_view ns, Visit&& visit) const {
  check(snapshot);
  walk(ns, [&](const Item& item) {
    visit(item.object());
    return true;
  });
}

template <class T>
template <class Wanted>
bool Store<T>::any_in(const Snapshot& snapshot, std::string_view ns, Wanted&& wanted) const {
  check(snapshot);
  bool found = false;
  walk(ns, [&](const Item& item) {
    found = wanted(*item.object());
    return !found;
  });
  return found;
}

template <class T>
std::vector<typename Store<T>::Object> Store<T>::tagged(const Snapshot& snapshot, std::string_view ns,
                                                        const Tags& tags) const {
  check(snapshot);
  if (tags.empty()) std::abort();  // would be everything, which for_each_in() finds without an index
  auto items = index_.candidates(ns, tags);
  std::sort(items.begin(), items.end(), [](const Item* a, const Item* b) { return KeptByKey()(*a, *b); });
  std::vector<Object> found;
  for (const Item* item : items) {
    if (item->ns() == ns) found.push_back(item->object());
  }
  return found;
}

template <class T>
std::vector<ObjectKey> Store<T>::keys(const Snapshot& snapshot) const {
  check(snapshot);
  std::vector<ObjectKey> found;
  found.reserve(objects_.size());
  for (const Item& item : objects_) found.push_back({std::string(item.ns()), std::string(item.name())});
  return found;
}

template <class T>
std::vector<ObjectKey> Store<T>::keys_in(const Snapshot& snapshot, std::string_view ns) const {
  check(snapshot);
  std::vector<ObjectKey> found;
  walk(ns, [&](const Item& item) {
    found.push_back({std::string(ns), std::string(item.name())});
    return true;
  });
  return found;
}

template <class T>
template <class Visit>
void Store<T>::walk(std::string_view ns, Visit&& visit) const {
  for (auto at = objects_.lower_bound(KeptByKey::Key(ns, "")); at != objects_.end(); ++at) {
    if (at->ns() != ns || !visit(*at)) return;
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
  for (const KeptChange& each : changes) {
    listener_({each.before ? each.before->object() : nullptr, each.after ? each.after->object() : nullptr,
               each.after ? each.after->as_packed() : nullptr});
  }
}

template <class T>
typename Store<T>::Item Store<T>::keep(T object, std::size_t others) const {
  if (hooks_.slim) hooks_.slim(object);
  return others < hooks_.whole ? Item::whole(std::move(object)) : Item::packed(std::move(object));
}

template <class T>
void Store<T>::replace(Objects& objects, typename Objects::iterator at, Item item) {
  auto node = objects.extract(at);
  node.value() = std::move(item);
  objects.insert(std::move(node));
}

template <class T>
Tags Store<T>::tags(const T& object) const {
  return hooks_.tags ? hooks_.tags(object) : Tags();
}

template <class T>
void Store<T>::put(T object, Part& part, Changes& changes) {
  if (!rises(object.meta, part)) return;
  const auto found = objects_.find(object.meta.key());
  if (found == objects_.end()) {
    Item after = keep(std::move(object), objects_.size());
    const auto at = objects_.insert(after).first;
    index_.add(at->ns(), tags(*at->object()), &*at);
    changes.push_back({std::nullopt, std::move(after)});
    return;
  }
  const Object present = found->object();
  const Order order = compare_versions(object.meta.resource_version, present->meta.resource_version);
  if (order == Order::kOlder || order == Order::kSame) return;
  Item after = keep(std::move(object), objects_.size() - 1);
  KeptChange change{*found, after};
  const Item* place = &*found;
  replace(objects_, found, std::move(after));
  const Tags old_tags = tags(*present);
  const Tags new_tags = tags(*place->object());
  if (old_tags != new_tags) {
    index_.remove(place->ns(), old_tags, place);
    index_.add(place->ns(), new_tags, place);
  }
  changes.push_back(std::move(change));
}

template <class T>
void Store<T>::take_away(typename Objects::iterator at, Changes& changes) {
  index_.remove(at->ns(), tags(*at->object()), &*at);
  changes.push_back({*at, std::nullopt});
  objects_.erase(at);
}

// A deletion only takes the object it is about: one of the same name may have been made since, and one that
// only left the selector of the watch may be back already.
template <class T>
void Store<T>::drop(const T& object, Changes& changes) {
  const auto found = objects_.find(object.meta.key());
  if (found == objects_.end()) return;
  const Meta present = found->object()->meta;
  const Order order = compare_versions(present.resource_version, object.meta.resource_version);
  const bool outlives = present.uid == object.meta.uid ? order == Order::kNewer : order != Order::kOlder;
  if (!outlives) take_away(found, changes);
}

// Is it not dead? A watch with a selector tells of what leaves it as of a deletion; only then there is a
// version of the same uid that is newer than that.
template <class T>
bool Store<T>::rises(const Meta& meta, Part& part) {
  const auto grave = part.buried.find(meta.uid);
  if (grave == part.buried.end()) return true;
  if (grave->second.empty() || !is_older(grave->second, meta.resource_version)) return false;
  part.buried.erase(grave);
  std::erase(part.burials, meta.uid);
  return true;
}

// The list is the truth as of its version; only what we know to be newer (a write of ours whose answer came
// while the list was on its way) stays as it is. What the list contradicts although it claims to be as new
// comes from a history that was rewound: the list wins.
template <class T>
void Store<T>::swap_in(Part& part, std::string resource_version, Changes& changes) {
  Objects fresh = std::move(part.incoming);
  part.incoming.clear();
  std::map<Uid, std::string> still_buried;
  if (!part.buried.empty()) {
    for (auto at = fresh.begin(); at != fresh.end();) {
      const auto grave = part.buried.find(at->object()->meta.uid);
      const bool dead =
          grave != part.buried.end() && (grave->second.empty() || is_older(resource_version, grave->second));
      if (dead) still_buried.insert(*grave);
      at = dead ? fresh.erase(at) : std::next(at);
    }
  }
  // The others need no tombstone: whatever is not newer than the list is left out from now on anyway.
  part.buried = std::move(still_buried);
  part.burials.clear();
  for (const auto& [uid, version] : part.buried) part.burials.push_back(uid);

  const Range known = present(part);
  for (auto at = known.first; at != known.second; ++at) {
    const Item& item = *at;
    const Object present = item.object();
    const auto found = fresh.find(item);
    const bool newer = is_older(resource_version, present->meta.resource_version);
    if (found == fresh.end()) {
      if (newer) {
        fresh.insert(item);
      } else {
        changes.push_back({item, std::nullopt});
      }
      continue;
    }
    const Object listed = found->object();
    const bool same =
        compare_versions(listed->meta.resource_version, present->meta.resource_version) == Order::kSame &&
        listed->meta.uid == present->meta.uid;
    if (newer || same) {
      replace(fresh, found, item);
    } else {
      changes.push_back({item, *found});
    }
  }
  for (const Item& listed : fresh) {
    if (!objects_.contains(listed)) changes.push_back({std::nullopt, listed});
  }
  forget(known);
  if (hooks_.tags) {
    for (const Item& item : fresh) index_.add(item.ns(), tags(*item.object()), &item);
  }
  objects_.merge(fresh);  // each stays at its address
  part.ready = true;
  part.version = std::move(resource_version);
}

template <class T>
void Store<T>::empty_out(Part& part, Changes& changes) {
  const Range gone = present(part);
  for (auto at = gone.first; at != gone.second; ++at) changes.push_back({*at, std::nullopt});
  forget(gone);
  part.ready = false;
  part.version.clear();
}

template <class T>
void Store<T>::advance(Part& part, const std::string& resource_version) {
  if (part.version.empty() || is_older(part.version, resource_version)) part.version = resource_version;
}

template <class T>
void Store<T>::bury(Part& part, const Uid& uid, const std::string& version) {
  if (uid.empty()) return;
  const auto [grave, fresh] = part.buried.try_emplace(uid, version);
  if (!fresh) {
    if (!version.empty()) grave->second = version;
    return;
  }
  part.burials.push_back(uid);
  if (part.burials.size() <= kMaxTombstones) return;
  part.buried.erase(part.burials.front());
  part.burials.pop_front();
}

}  // namespace berth::runtime
