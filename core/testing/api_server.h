// ApiServer: what a real API server holds and enforces, as far as plan() and claim() depend on it. For tests.
//
// It knows preconditions (UID, resourceVersion), unique names and unique nodePorts. It is not the fake of
// kube/testing: no wire, no watches, and all objects live in namespace "mesh". Thread-safety: none.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/allocation/shard_writer.h"
#include "core/plan.h"

namespace berth::testing {

enum class Answer {
  kDone,
  kConflict,  // the precondition fails: the view was stale
  kRefused,   // somebody else has the nodePort
};

struct ApiServer {
  std::map<std::string, PortAllocation> allocations = {};
  std::map<std::string, Service> services = {};
  std::map<std::string, NetworkPolicy> policies = {};
  std::map<std::string, ConfigMap> config_maps = {};
  std::map<std::string, PortLedger> ledgers = {};
  PortRange range = {};
  std::int64_t version = 1;
  Instant now = {1'763'800'000'000};
  std::function<void()> written = [] {};  // called after every write of an operator

  std::string next_version() { return std::to_string(++version); }
  [[nodiscard]] bool node_ports_free(const Service& wanted) const;

  // Compare-and-swap of a shard; `blind`: whatever is there now.
  Answer write(const allocation::ShardWrite& shard, bool blind);
  Answer write(const WriteStatus& write, const std::string& resource_version);
  Answer create(Service service);
  Answer create(NetworkPolicy policy);
  Answer create(ConfigMap config_map);
  Answer patch(const PatchObject& patch);
  Answer remove(const DeleteObject& removal);
};

}  // namespace berth::testing
