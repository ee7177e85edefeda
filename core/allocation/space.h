// Space: where a port number is unique, and how its numbers and ledger shards are called.
//
// The ledger is keyed by the space and never by a declared range: overlapping ranges can then not hand a
// number out twice (docs/reference/api.md, PortRange). Thread-safety: values and pure functions.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/port.h"
#include "core/base/result.h"

namespace berth::allocation {

enum class Space : std::uint8_t { kNodePort, kService, kHostPort };

inline constexpr std::array<Space, 3> kSpaces = {Space::kNodePort, Space::kService, Space::kHostPort};

// "NodePort", "Service", "HostPort": as PortRange.spec.space writes it.
const char* to_string(Space space);
Result<Space> parse_space(std::string_view text);

// What has one owner in a space. NodePort: the number alone, as the API server rules (no protocol here).
// Service and HostPort: the number with its protocol. HostPort: on one node, or on every node.
struct NumberKey {
  Port port;
  std::optional<Protocol> protocol = {};
  std::string node = {};  // HostPort only; "" = every node

  // Keys that can conflict stand side by side.
  auto operator<=>(const NumberKey&) const = default;
};

NumberKey key_of(Space space, Port port, Protocol protocol);

// May the two not have different owners? A number on every node conflicts with the number on any node.
bool conflict(const NumberKey& a, const NumberKey& b);

// Calls `visit(key, value)` for every pair of an ordered map whose key conflicts with `key`, in order, until
// it answers true; did it?
template <class Map, class Visit>
bool any_conflicting(const Map& map, const NumberKey& key, Visit visit) {
  for (auto at = map.lower_bound({key.port, key.protocol, ""}); at != map.end(); ++at) {
    if (at->first.port != key.port || at->first.protocol != key.protocol) return false;
    if (conflict(at->first, key) && visit(at->first, at->second)) return true;
  }
  return false;
}

// The key in PortLedger.spec.entries: "24511" (NodePort), "443-TCP" (the others), "443-TCP@device-1" (on one
// node).
std::string to_string(const NumberKey& key);
Result<NumberKey> parse_number_key(Space space, std::string_view text);

// A shard holds 256 aligned numbers: shard n the numbers n*256 .. n*256+255 (0..255).
inline constexpr int kShardSize = 256;
inline constexpr int kShardCount = 256;

int shard_of(Port port);
// "nodeport-095", "service-001", "hostport-007": the name of the PortLedger object.
std::string shard_name(Space space, int shard);

struct ShardId {
  Space space;
  int shard;

  auto operator<=>(const ShardId&) const = default;
};

// Reads a name that shard_name made; nothing for any other name.
std::optional<ShardId> parse_shard_name(std::string_view name);

}  // namespace berth::allocation
