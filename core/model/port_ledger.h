// PortLedger (berth.dev/v1alpha1, cluster-scoped, internal): one shard of the truth of who holds which
// number.
//
// Entries are compact strings, written and read only by core/allocation (a typed map costs the API server six
// times as much, docs/decisions). Kept in spec, not status: backup tools drop status.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/model/meta.h"

namespace berth {

struct PortLedgerSpec {
  std::string space = {};  // NodePort, Service, HostPort
  std::int64_t shard = 0;  // numbers shard*256 .. shard*256+255
  std::int64_t fence = 0;  // largest lease transition count of any writer; only grows
  std::int64_t next_sequence = 1;
  std::map<std::string, std::string> entries = {};

  bool operator==(const PortLedgerSpec&) const = default;
};

struct PortLedger {
  Meta meta = {};
  PortLedgerSpec spec = {};

  bool operator==(const PortLedger&) const = default;
};

}  // namespace berth
