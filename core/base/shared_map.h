// SharedMap: an ordered map in parts, whose copies share every part that neither of them has changed.
//
// For a view of a whole cluster of which a new one is made at every change: a copy costs kParts pointers, a
// change the copy of one part. PartOf()(key) tells the part, modulo kParts; keys that are looked for together
// belong into one. Thread-safety: as any value; what is shared is never changed.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

namespace berth {

template <class Key, class Value, class PartOf>
class SharedMap {
 public:
  static constexpr std::size_t kParts = 256;
  using Part = std::map<Key, Value>;

  // The part where the key would be.
  [[nodiscard]] const Part& part(const Key& key) const {
    static const Part empty;
    const auto& found = parts_[index_of(key)];
    return found ? *found : empty;
  }
  // nullptr: it is not there.
  [[nodiscard]] const Value* find(const Key& key) const {
    const Part& in = part(key);
    const auto found = in.find(key);
    return found == in.end() ? nullptr : &found->second;
  }
  // visit(key, value), part by part, in the order of keys inside each.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& each : parts_) {
      if (!each) continue;
      for (const auto& [key, value] : *each) visit(key, value);
    }
  }

  // A right to change the map, many times at the price of one: each part is copied when it is first asked
  // for. The map must outlive it, and must not be copied or edited by another one as long as it lives.
  class Editor {
   public:
    explicit Editor(SharedMap& map) : map_(&map) {}

    Part& part(const Key& key) {
      const std::size_t index = index_of(key);
      if (own_[index] == nullptr) {
        auto& shared = map_->parts_[index];
        auto own = shared ? std::make_shared<Part>(*shared) : std::make_shared<Part>();
        own_[index] = own.get();
        shared = std::move(own);
      }
      return *own_[index];
    }

   private:
    SharedMap* map_;
    std::array<Part*, kParts> own_ = {};
  };

 private:
  static std::size_t index_of(const Key& key) { return PartOf()(key) % kParts; }

  std::array<std::shared_ptr<const Part>, kParts> parts_ = {};
};

}  // namespace berth
