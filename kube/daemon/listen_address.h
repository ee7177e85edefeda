// ListenAddress: what people write to say where a program listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth::daemon {

struct ListenAddress {
  std::string host = {};  // a numeric address without brackets; "": all of this machine
  std::uint16_t port = 0;

  bool operator==(const ListenAddress&) const = default;
};

// ":8443", "0.0.0.0:8443", "127.0.0.1:0" (the system chooses), "[::1]:8443". Names are refused: what they
// resolve to is not ours to choose.
Result<ListenAddress> parse_listen_address(std::string_view text);

// The form that parse_listen_address reads.
std::string to_string(const ListenAddress& address);

}  // namespace berth::daemon
