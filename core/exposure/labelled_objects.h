// LabelledObjects: objects of one kind of thing by namespace, in the order of their kinds and names, each
// whole or packed, and which of them labels may concern.
//
// Beside each object stands a word with a bit for each of its labels. What the bits rule out is never looked
// at, and that is nearly all: a namespace of thousands costs a judgement one walk through a list, and the few
// objects that it is about. Those are unpacked when they are first asked for and then stay whole until
// pack_again(). Thread-safety: const members from several threads at once; the others alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/model/meta.h"

namespace berth::exposure {

// A bit for each of the labels; two may share one.
inline std::uint64_t bits_of(const Labels& labels) {
  constexpr unsigned kBitsOfWord = 6;
  std::uint64_t bits = 0;
  const std::hash<std::string_view> of;
  for (const auto& [key, value] : labels) {
    const std::uint64_t hashed = of(key) ^ std::rotl(std::uint64_t{of(value)}, 1);
    bits |= std::uint64_t{1} << (hashed >> (64 - kBitsOfWord));
  }
  return bits;
}

// An object in few bytes, which somebody else knows how to read.
template <class T>
struct PackedObject {
  std::shared_ptr<const void> bytes = {};
  std::string_view name = {};  // within the bytes
  std::unique_ptr<const T> (*unpack)(const void* bytes) = nullptr;
};

// T has a Meta called meta and perhaps a kind. LabelsOf: the Labels of a T that count.
template <class T, auto LabelsOf>
class LabelledObjects {
 public:
  // In the place of the one of the same kind and name.
  void put(std::shared_ptr<const T> object) {
    const T* whole = object.get();
    put(*whole,
        Entry(bits_of(LabelsOf(*whole)), kind_of(*whole), whole->meta.name, std::move(object), whole));
  }
  // The same in few bytes; requires a name.
  void put(const T& object, PackedObject<T> packed) {
    unpack_ = packed.unpack;
    put(object,
        Entry(bits_of(LabelsOf(object)), kind_of(object), packed.name, std::move(packed.bytes), nullptr));
  }

  void remove(const T& object) {
    const auto entries = by_namespace_.find(object.meta.ns);
    if (entries == by_namespace_.end()) return;
    const auto at = place(entries->second, key_of(object));
    if (at == entries->second.end() || key_of(*at) != key_of(object)) return;
    if (at->pack_again()) --unpacked_;
    entries->second.erase(at);
    if (entries->second.empty()) by_namespace_.erase(entries);
  }

  // Its name as it stands here, for as long as it does.
  [[nodiscard]] std::string_view name_of(const T& object) const {
    const auto entries = by_namespace_.find(object.meta.ns);
    if (entries == by_namespace_.end()) return "";
    const auto at = place(entries->second, key_of(object));
    return at == entries->second.end() || key_of(*at) != key_of(object) ? "" : at->name();
  }
  // The object of the same kind, namespace and name; nullptr when there is none.
  [[nodiscard]] const T* present(const T& object) const { return find(object.meta.ns, key_of(object)); }
  [[nodiscard]] const T* find(std::string_view ns, std::string_view kind, std::string_view name) const {
    return find(ns, Key(kind, name, "", ""));
  }

  [[nodiscard]] std::vector<const T*> all(std::string_view ns) const {
    return which(ns, [](std::uint64_t) { return true; });
  }
  // Every one that has all of the labels, and perhaps others.
  [[nodiscard]] std::vector<const T*> with(std::string_view ns, const Labels& labels) const {
    const std::uint64_t wanted = bits_of(labels);
    return which(ns, [&](std::uint64_t bits) { return (wanted & ~bits) == 0; });
  }
  // Every one whose labels are all among these, and perhaps others; none that has no labels.
  [[nodiscard]] std::vector<const T*> within(std::string_view ns, const Labels& labels) const {
    const std::uint64_t given = bits_of(labels);
    return which(ns, [&](std::uint64_t bits) { return bits != 0 && (bits & ~given) == 0; });
  }

  [[nodiscard]] std::vector<std::string_view> namespaces() const {
    std::vector<std::string_view> found;
    found.reserve(by_namespace_.size());
    for (const auto& [ns, entries] : by_namespace_) found.push_back(ns);
    return found;
  }

  // How many packed ones stand whole beside their bytes.
  [[nodiscard]] std::size_t unpacked() const { return unpacked_; }
  // Forgets those; pointers to them are void.
  void pack_again() {
    for (auto& [ns, entries] : by_namespace_) {
      for (Entry& entry : entries) entry.pack_again();
    }
    unpacked_ = 0;
  }

 private:
  class Entry {
   public:
    // `whole` is `kept` itself, or nullptr: then those are bytes.
    Entry(std::uint64_t bits, std::string_view kind, std::string_view name, std::shared_ptr<const void> kept,
          const T* whole)
        : bits_(bits), kind_(kind), name_(name), kept_(std::move(kept)), whole_(whole), packed_(!whole) {}
    Entry(Entry&& other) noexcept { *this = std::move(other); }
    Entry& operator=(Entry&& other) noexcept {
      pack_again();
      bits_ = other.bits_;
      kind_ = other.kind_;
      name_ = other.name_;
      kept_ = std::move(other.kept_);
      whole_ = other.whole_.exchange(nullptr);
      packed_ = other.packed_;
      return *this;
    }
    ~Entry() { pack_again(); }

    [[nodiscard]] std::uint64_t bits() const { return bits_; }
    [[nodiscard]] std::string_view kind() const { return kind_; }
    [[nodiscard]] std::string_view name() const { return name_; }

    // Of two threads that unpack at once the first one's stays; `fresh` is told of one that stays.
    template <class Fresh>
    const T& whole(std::unique_ptr<const T> (*unpack)(const void*), Fresh fresh) const {
      if (const T* known = whole_) return *known;
      std::unique_ptr<const T> made = unpack(kept_.get());
      const T* nothing = nullptr;
      if (!whole_.compare_exchange_strong(nothing, made.get())) return *nothing;
      fresh();
      return *made.release();
    }
    // Was it unpacked?
    bool pack_again() {
      const T* known = packed_ ? whole_.exchange(nullptr) : nullptr;
      delete known;  // NOLINT(cppcoreguidelines-owning-memory): an atomic pointer owns it
      return known != nullptr;
    }

   private:
    std::uint64_t bits_ = 0;
    std::string_view kind_ = {};
    std::string_view name_ = {};
    std::shared_ptr<const void> kept_ = {};
    mutable std::atomic<const T*> whole_ = nullptr;
    bool packed_ = false;
  };
  using Entries = std::vector<Entry>;

  // Kind and name; of those that have no name yet what tells them apart.
  using Key = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  static Key key_of(std::string_view kind, const Meta& meta) {
    if (!meta.name.empty()) return {kind, meta.name, "", ""};
    return {kind, "", meta.generate_name, meta.uid.text};
  }
  static Key key_of(const T& object) {
    if constexpr (requires { object.kind; }) return key_of(object.kind, object.meta);
    return key_of("", object.meta);
  }
  Key key_of(const Entry& entry) const {
    if (!entry.name().empty()) return {entry.kind(), entry.name(), "", ""};
    return key_of(entry.kind(), whole(entry).meta);
  }

  // There are few kinds.
  std::string_view kind_of(const T& object) {
    if constexpr (requires { object.kind; }) return *kinds_.insert(object.kind).first;
    return "";
  }

  const T& whole(const Entry& entry) const {
    return entry.whole(unpack_, [this] { ++unpacked_; });
  }

  void put(const T& object, Entry entry) {
    Entries& entries = by_namespace_[object.meta.ns];
    const auto at = place(entries, key_of(object));
    if (at != entries.end() && key_of(*at) == key_of(object)) {
      if (at->pack_again()) --unpacked_;
      *at = std::move(entry);
    } else {
      entries.insert(at, std::move(entry));
    }
  }

  template <class Some>
  auto place(Some& entries, const Key& key) const {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [this](const Entry& entry, const Key& wanted) { return key_of(entry) < wanted; });
  }

  [[nodiscard]] const T* find(std::string_view ns, const Key& key) const {
    const auto entries = by_namespace_.find(ns);
    if (entries == by_namespace_.end()) return nullptr;
    const auto at = place(entries->second, key);
    return at == entries->second.end() || key_of(*at) != key ? nullptr : &whole(*at);
  }

  template <class Wanted>
  [[nodiscard]] std::vector<const T*> which(std::string_view ns, Wanted wanted) const {
    std::vector<const T*> found;
    const auto entries = by_namespace_.find(ns);
    if (entries == by_namespace_.end()) return found;
    for (const Entry& entry : entries->second) {
      if (wanted(entry.bits())) found.push_back(&whole(entry));
    }
    return found;
  }

  // Goes along when the objects are moved.
  struct Count : std::atomic<std::size_t> {
    Count() : std::atomic<std::size_t>(0) {}
    Count(Count&& other) noexcept : std::atomic<std::size_t>(other.load()) {}
    Count& operator=(Count&& other) noexcept { return store(other.load()), *this; }
    Count& operator=(std::size_t count) { return store(count), *this; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::set<std::string> kinds_;
  std::unordered_map<std::string, Entries, Hash, std::equal_to<>> by_namespace_;
  std::unique_ptr<const T> (*unpack_)(const void*) = nullptr;
  mutable Count unpacked_;
};

}  // namespace berth::exposure
