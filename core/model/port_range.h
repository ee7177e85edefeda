// PortRange (berth.dev/v1alpha1, cluster-scoped): numbers that may be handed out. See docs/reference/api.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/meta.h"

namespace berth {

struct PortBlock {
  std::string name = {};
  std::vector<std::string> ports = {};  // "24510-24519" or relative "+10-+19"
  std::string purpose = {};
  std::string description = {};

  bool operator==(const PortBlock&) const = default;
};

struct ReservedPorts {
  std::vector<std::string> ports = {};
  std::string reason = {};

  bool operator==(const ReservedPorts&) const = default;
};

struct PortRangeLimits {
  std::int64_t per_namespace = 0;  // 0 = no limit

  bool operator==(const PortRangeLimits&) const = default;
};

struct PortRangeSpec {
  std::string space = {};  // NodePort, Service, HostPort
  std::vector<std::string> ports = {};
  std::string purpose = {};
  std::string description = {};
  std::vector<PortBlock> blocks = {};
  std::vector<ReservedPorts> reserved = {};
  LabelSelector namespace_selector = {};
  PortRangeLimits limits = {};
  std::string order = {};        // Lowest (default), Spread
  std::string reuse_after = {};  // "" = 130s
  bool per_node = false;
  std::string undeclared = {};  // Report (default), Deny: numbers of the range used without an allocation

  bool operator==(const PortRangeSpec&) const = default;
};

struct BlockUsage {
  std::string name = {};
  std::int64_t capacity = 0;
  std::int64_t allocated = 0;
  std::int64_t available = 0;

  bool operator==(const BlockUsage&) const = default;
};

struct PortRangeStatus {
  std::int64_t observed_generation = -1;
  std::int64_t capacity = 0;
  std::int64_t allocated = 0;
  std::int64_t available = 0;
  std::int64_t cooling = 0;
  std::int64_t reserved = 0;
  std::int64_t external = 0;
  std::int64_t draining = 0;
  std::int64_t largest_free_block = 0;  // the most numbers in a row that can be handed out now
  std::vector<BlockUsage> blocks = {};
  std::vector<Condition> conditions = {};

  bool operator==(const PortRangeStatus&) const = default;
};

struct PortRange {
  Meta meta = {};
  PortRangeSpec spec = {};
  PortRangeStatus status = {};

  bool operator==(const PortRange&) const = default;
};

}  // namespace berth
