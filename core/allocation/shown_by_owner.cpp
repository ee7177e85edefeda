#include "core/allocation/shown_by_owner.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace berth::allocation {
namespace {

// No node has this name: "shown on some node", so that who asks about all of them finds it.
constexpr std::string_view kSomeNode = "*";

// Every bit of both in every bit of the answer (the finalizer of MurmurHash3).
std::uint64_t mixed(std::uint64_t first, std::uint64_t second) {
  std::uint64_t bits = first + 0x9e3779b97f4a7c15 * (second + 1);
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccd;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53;
  return bits ^ (bits >> 33);
}

std::uint64_t hash_of(const Uid& owner, Space space, const NumberKey& key, std::string_view node) {
  const std::uint64_t protocol = key.protocol ? 1 + static_cast<std::uint64_t>(*key.protocol) : 0;
  const auto port = static_cast<std::uint64_t>(key.port.number());
  const std::uint64_t number = port << 16 | static_cast<std::uint64_t>(space) << 8 | protocol;
  return mixed(mixed(std::hash<std::string>()(owner.text), number), std::hash<std::string_view>()(node));
}

template <class Visit>
void each_hash(const Uid& owner, Space space, const NumberKey& key, Visit visit) {
  visit(hash_of(owner, space, key, key.node));
  if (!key.node.empty()) visit(hash_of(owner, space, key, kSomeNode));
}

}  // namespace

bool ShownByOwner::shows(const Uid& owner, Space space, const NumberKey& key) const {
  const auto has = [&](std::string_view node) {
    const std::uint64_t hash = hash_of(owner, space, key, node);
    const Hashes* hashes = parts_.find(part_of(hash));
    return hashes != nullptr && std::binary_search(hashes->begin(), hashes->end(), hash);
  };
  return has("") || has(key.node.empty() ? kSomeNode : std::string_view(key.node));
}

void ShownByOwner::Editor::add(const Uid& owner, Space space, const NumberKey& key) {
  each_hash(owner, space, key, [&](std::uint64_t hash) {
    Hashes& in = hashes(hash);
    in.insert(std::upper_bound(in.begin(), in.end(), hash), hash);
  });
}

void ShownByOwner::Editor::remove(const Uid& owner, Space space, const NumberKey& key) {
  each_hash(owner, space, key, [&](std::uint64_t hash) {
    Hashes& in = hashes(hash);
    const auto found = std::lower_bound(in.begin(), in.end(), hash);
    if (found != in.end() && *found == hash) in.erase(found);
  });
}

}  // namespace berth::allocation
