#include "core/allocation/space.h"

#include <charconv>

namespace berth::allocation {
namespace {

const char* shard_prefix(Space space) {
  switch (space) {
    case Space::kNodePort:
      return "nodeport-";
    case Space::kService:
      return "service-";
    case Space::kHostPort:
      return "hostport-";
  }
  return "";
}

}  // namespace

const char* to_string(Space space) {
  switch (space) {
    case Space::kNodePort:
      return "NodePort";
    case Space::kService:
      return "Service";
    case Space::kHostPort:
      return "HostPort";
  }
  return "";
}

Result<Space> parse_space(std::string_view text) {
  for (const Space space : kSpaces) {
    if (text == to_string(space)) return space;
  }
  return malformed("'" + std::string(text.substr(0, 64)) +
                   "' is not a space: write NodePort, Service or HostPort");
}

NumberKey key_of(Space space, Port port, Protocol protocol) {
  if (space == Space::kNodePort) return {.port = port};
  return {.port = port, .protocol = protocol};
}

bool conflict(const NumberKey& a, const NumberKey& b) {
  const bool one_node = !a.node.empty() && !b.node.empty() && a.node != b.node;
  return a.port == b.port && a.protocol == b.protocol && !one_node;
}

std::string to_string(const NumberKey& key) {
  if (!key.protocol) return to_string(key.port);
  const std::string node = key.node.empty() ? "" : "@" + key.node;
  return to_string(key.port) + "-" + to_string(*key.protocol) + node;
}

Result<NumberKey> parse_number_key(Space space, std::string_view text) {
  const std::size_t dash = text.find('-');
  TRY(const Port port, parse_port(text.substr(0, dash)));
  if (space == Space::kNodePort) {
    if (dash == std::string_view::npos) return NumberKey{.port = port};
    return malformed("'" + std::string(text.substr(0, 64)) + "' is not a number of the space NodePort");
  }
  if (dash == std::string_view::npos) {
    return malformed("'" + std::string(text) + "' lacks its protocol, as in '" + std::string(text) + "-TCP'");
  }
  const std::string_view rest = text.substr(dash + 1);
  const std::size_t at = rest.find('@');
  TRY(const Protocol protocol, parse_protocol(rest.substr(0, at)));
  NumberKey key{.port = port, .protocol = protocol};
  if (at == std::string_view::npos) return key;
  key.node = std::string(rest.substr(at + 1));
  if (space != Space::kHostPort || key.node.empty()) {
    return malformed(
        "'" + std::string(text.substr(0, 64)) +
        "' names a node where none is meant: only host ports are per node, as in '443-TCP@node-1'");
  }
  return key;
}

int shard_of(Port port) { return port.number() / kShardSize; }

std::string shard_name(Space space, int shard) {
  std::string digits = std::to_string(shard);
  digits.insert(0, digits.size() < 3 ? 3 - digits.size() : 0, '0');
  return shard_prefix(space) + digits;
}

std::optional<ShardId> parse_shard_name(std::string_view name) {
  for (const Space space : kSpaces) {
    const std::string_view prefix = shard_prefix(space);
    if (!name.starts_with(prefix)) continue;
    const std::string_view digits = name.substr(prefix.size());
    int shard = 0;
    const auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), shard);
    // Exactly the text that shard_name writes: "nodeport-5" and "nodeport-+05" are other objects.
    if (code != std::errc() || shard < 0 || shard >= kShardCount || name != shard_name(space, shard))
      return {};
    return ShardId{space, shard};
  }
  return {};
}

}  // namespace berth::allocation
