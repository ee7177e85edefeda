// ShownByOwner: which numbers the Services and pods of an allocation show.
//
// Only ever asked whether an owner shows a number; so it keeps hashes of 64 bits instead of UIDs, keys and
// nodes: 8 bytes where a map takes hundreds, of tens of thousands. Two that share a hash would, once in a
// million clusters, keep a number from being released, which is the harmless way to be wrong.
// Thread-safety: as any value; copies share what neither has changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/allocation/space.h"
#include "core/base/object_key.h"
#include "core/base/shared_map.h"

namespace berth::allocation {

class ShownByOwner {
 public:
  // Does the owner show a number that conflicts with the key (space.h)?
  [[nodiscard]] bool shows(const Uid& owner, Space space, const NumberKey& key) const;

  // A right to change it, many times at the price of one (shared_map.h).
  class Editor;

 private:
  struct Itself {
    std::size_t operator()(std::size_t part) const { return part; }
  };
  // Sorted; each as often as it is shown, by two Services of one owner twice.
  using Hashes = std::vector<std::uint64_t>;
  using Parts = SharedMap<std::size_t, Hashes, Itself>;

  static std::size_t part_of(std::uint64_t hash) { return hash % Parts::kParts; }

  Parts parts_;
};

class ShownByOwner::Editor {
 public:
  explicit Editor(ShownByOwner& shown) : parts_(shown.parts_) {}

  void add(const Uid& owner, Space space, const NumberKey& key);
  // Once of as often as it was added; nothing when it was not.
  void remove(const Uid& owner, Space space, const NumberKey& key);

 private:
  Hashes& hashes(std::uint64_t hash) { return parts_.part(part_of(hash))[part_of(hash)]; }

  Parts::Editor parts_;
};

}  // namespace berth::allocation
