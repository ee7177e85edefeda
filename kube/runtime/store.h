// Store: the objects of one kind as last heard of, and the one lock under which all kinds are read together.
//
// It is a copy and may be behind; it is never half a list (a list is buffered and swapped in at InitDone),
// never older than what this process itself has written (put_written), and never brings back the dead
// (tombstones); what left the selector of its watch and came back is not dead. "Not in the store" does not
// mean "does not exist" before ready(), and even then only as of resource_version(): ask the server before
// destroying on that ground.
//
// It is fed by one watch of everything or by one of each of some namespaces (Hooks::namespaces). Then each
// watch has a part of its own, with its versions and its dead: what one of them lists, or finds rewound, says
// nothing of the namespaces of the others; and what is in none of these namespaces is never in the store.
//
// Thread-safety: readers from any thread, under a Snapshot; apply(), put_written() and removed() from any
// thread, apply() one at a time per watch. Listeners are called by the changing thread, after the change can
// be read and without the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/object_key.h"
#include "core/model/meta.h"
#include "kube/runtime/kept.h"
#include "kube/runtime/resource_version.h"
#include "kube/runtime/tag_index.h"
#include "kube/runtime/watcher.h"

namespace berth::runtime {

// The lock of all stores of a process. Writers are not starved by readers.
class StoreGroup {
 public:
  StoreGroup() = default;
  StoreGroup(const StoreGroup&) = delete;
  StoreGroup& operator=(const StoreGroup&) = delete;

  // A right to read every store of the group as of one moment. Holds back writers: keep it short, do no IO
  // under it, and take only one at a time per thread.
  class Snapshot {
   public:
    [[nodiscard]] bool of(const StoreGroup& group) const { return group_ == &group; }
    // Grows with every change of any store.
    [[nodiscard]] std::uint64_t version() const { return group_->version_; }

   private:
    friend class StoreGroup;
    explicit Snapshot(const StoreGroup& group);
    const StoreGroup* group_;
    std::shared_lock<std::shared_mutex> lock_;
  };

  [[nodiscard]] Snapshot snapshot() const { return Snapshot(*this); }

 private:
  template <class T>
  friend class Store;

  [[nodiscard]] std::unique_lock<std::shared_mutex> write();

  mutable std::mutex gate_;  // held by a writer while it waits, so that new readers queue behind it
  mutable std::shared_mutex lock_;
  std::uint64_t version_ = 0;
};

using Snapshot = StoreGroup::Snapshot;

// One object before and after; exactly one may be null.
template <class T>
struct Change {
  std::shared_ptr<const T> before = {};
  std::shared_ptr<const T> after = {};
  const json::Packed* packed_after = nullptr;  // how the store keeps it, when it is not whole

  [[nodiscard]] ObjectKey key() const { return (after ? after : before)->meta.key(); }
};

// T is any struct with a Meta called meta.
template <class T>
class Store {
 public:
  using Object = std::shared_ptr<const T>;
  using Listener = std::function<void(const Change<T>&)>;
  // Called after a rewind has emptied the store, and when the list after it has been swapped in.
  struct Hooks {
    std::function<void(const Rewound&)> rewound = {};
    std::function<void()> listed = {};  // after every list, its changes told before
    // Drops what nobody reads before an object is kept; never name, namespace, UID, version or deletion.
    std::function<void(T&)> slim = {};
    // The words that tagged() finds an object by, made from the slim object alone.
    std::function<Tags(const T&)> tags = {};
    // So many are kept as they are, what comes beyond them is packed (kept.h).
    std::size_t whole = std::numeric_limits<std::size_t>::max();
    // One watch feeds each; {""}: one watch feeds everything. Not empty.
    std::vector<std::string> namespaces = {""};
  };

  // `group` must outlive the store.
  explicit Store(StoreGroup& group, Listener listener = {}, Hooks hooks = {});
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The sink of a Watcher<T> of a namespace, one of Hooks::namespaces.
  void apply(WatchOutput<T> output, const std::string& ns = {});
  [[nodiscard]] WatchSink<T> sink(const std::string& ns = {}) {
    return [this, ns](WatchOutput<T> output) { apply(std::move(output), ns); };
  }

  // The object as the server returned it from a write of ours. Goes in at once, unless the watch is past it
  // already; what the watch then has to say of it that is older is left out. Requires an object that the
  // watch selects, if one is of its namespace: what is of no watch's is left out.
  void put_written(T object);
  // A delete of ours that the server completed (Client::remove returned nullopt). Only that very object goes,
  // and no late event or reply brings it back.
  // (Limit: a restore of etcd that undoes the delete, behind a watch that lags, is only noticed by the
  // audit.)
  void removed(const ObjectKey& key, const Uid& uid);

  // Of all that was put_written for that watch since the start or the last rewind, "" when nothing was: for
  // WatcherConfig::newest_known.
  [[nodiscard]] std::string newest_written(const std::string& ns = {}) const;

  // A list of every watch has been swapped in since the start or the last rewind.
  [[nodiscard]] bool ready(const Snapshot& snapshot) const;
  // One of the watch that tells of that namespace has, and it may still look into it.
  [[nodiscard]] bool listed(const Snapshot& snapshot, const std::string& ns) const;
  // The watch of that namespace may not look into it any more: what was known of it is dropped, and it does
  // not count as listed until it is.
  void lose(const std::string& ns);
  // Of the last list, event or bookmark of that watch; "" before the first.
  [[nodiscard]] const std::string& resource_version(const Snapshot& snapshot,
                                                    const std::string& ns = {}) const;

  [[nodiscard]] Object get(const Snapshot& snapshot, const ObjectKey& key) const;  // nullptr: not here
  // The same as it is kept, to be read later: shares the store's memory of it.
  [[nodiscard]] std::optional<Kept<T>> kept(const Snapshot& snapshot, const ObjectKey& key) const;
  [[nodiscard]] std::size_t size(const Snapshot& snapshot) const;

  // In the order of (namespace, name). All of them at once: for kinds of which there are few.
  [[nodiscard]] std::vector<Object> all(const Snapshot& snapshot) const;
  [[nodiscard]] std::vector<Object> in_namespace(const Snapshot& snapshot, std::string_view ns) const;
  // The same one by one: visit(const Object&).
  template <class Visit>
  void for_each(const Snapshot& snapshot, Visit&& visit) const;
  template <class Visit>
  void for_each_in(const Snapshot& snapshot, std::string_view ns, Visit&& visit) const;
  // Is there one in the namespace that is `wanted`? Looks no further than to the first: wanted(const T&).
  template <class Wanted>
  [[nodiscard]] bool any_in(const Snapshot& snapshot, std::string_view ns, Wanted&& wanted) const;
  // Those that may carry all of these tags (at least one is asked for), in the order of names: everything
  // that does and, rarely, something that does not. As dear as the rarest tag is frequent.
  [[nodiscard]] std::vector<Object> tagged(const Snapshot& snapshot, std::string_view ns,
                                           const Tags& tags) const;
  // The keys alone: nothing is unpacked.
  [[nodiscard]] std::vector<ObjectKey> keys(const Snapshot& snapshot) const;
  [[nodiscard]] std::vector<ObjectKey> keys_in(const Snapshot& snapshot, std::string_view ns) const;

  // Shorthands that take a snapshot of their own.
  [[nodiscard]] bool ready() const { return ready(group_->snapshot()); }
  [[nodiscard]] bool listed(const std::string& ns) const { return listed(group_->snapshot(), ns); }
  [[nodiscard]] Object get(const ObjectKey& key) const { return get(group_->snapshot(), key); }

 private:
  using Item = Kept<T>;

  using Objects = std::set<Item, KeptByKey>;

  static constexpr std::size_t kMaxTombstones = 8192;

  struct KeptChange {
    std::optional<Item> before;
    std::optional<Item> after;
  };
  using Changes = std::vector<KeptChange>;

  // What one watch has told.
  struct Part {
    std::string ns = {};  // "" = everything
    bool ready = false;
    std::string version = {};
    std::string newest_written = {};
    std::map<Uid, std::string> buried = {};  // -> version of the deletion, "" when it is not known
    std::deque<Uid> burials = {};            // oldest first
    Objects incoming = {};                   // of the applying thread only
  };
  using Range = std::pair<typename Objects::iterator, typename Objects::iterator>;

  // Aborts when there is no such watch.
  [[nodiscard]] Part& part(const std::string& ns);
  [[nodiscard]] const Part& part(const std::string& ns) const;
  // Whose watch tells of objects in the namespace; nullptr: none.
  [[nodiscard]] Part* part_of(const std::string& ns);
  [[nodiscard]] const Part* part_of(const std::string& ns) const;
  // What is there of a part.
  [[nodiscard]] Range present(const Part& part);
  void forget(const Range& gone);

  void check(const Snapshot& snapshot) const;
  // Runs `edit` under the lock, then tells the listener.
  template <class Edit>
  void change(Edit&& edit);
  // `others`: how many there are beside it.
  [[nodiscard]] Item keep(T object, std::size_t others) const;
  // Puts `item` in the place of the one that is there, at the same address.
  static void replace(Objects& objects, typename Objects::iterator at, Item item);
  [[nodiscard]] Tags tags(const T& object) const;
  // visit(const Item&) until it says false.
  template <class Visit>
  void walk(std::string_view ns, Visit&& visit) const;
  void put(T object, Part& part, Changes& changes);
  void drop(const T& object, Changes& changes);
  bool rises(const Meta& meta, Part& part);
  void swap_in(Part& part, std::string resource_version, Changes& changes);
  void take_away(typename Objects::iterator at, Changes& changes);
  void empty_out(Part& part, Changes& changes);
  void advance(Part& part, const std::string& resource_version);
  void bury(Part& part, const Uid& uid, const std::string& version);

  StoreGroup* group_;
  Listener listener_;
  Hooks hooks_;

  // Guarded by the group's lock.
  Objects objects_;
  TagIndex<Item> index_;
  std::map<std::string, Part> parts_;  // by namespace, one for each watch; always the same
};

}  // namespace berth::runtime

#include "kube/runtime/store_impl.h"
