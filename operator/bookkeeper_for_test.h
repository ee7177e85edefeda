// What tests of the bookkeeper share: a workbench, a step of its work, and numbers that are held already.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/base/api_names.h"
#include "kube/json/tree.h"
#include "operator/bookkeeper.h"
#include "operator/testing/workbench.h"

namespace berth::controller {

inline constexpr std::int64_t kFence = 5;
inline constexpr char kShard[] = "nodeport-119";  // 30464..30719

inline std::vector<std::string> names(const std::vector<ObjectKey>& keys) {
  std::vector<std::string> all;
  for (const ObjectKey& key : keys) all.push_back(key.name);
  std::sort(all.begin(), all.end());
  return all;
}

struct BookkeeperTest : ::testing::Test {
  Workbench bench;

  BookkeepingReport step(std::int64_t fence = kFence) {
    BookkeepingReport report = bench.bookkeeper.step(fence);
    return report;
  }
  BookkeepingReport step(const LedgerLook& look) { return bench.bookkeeper.step(kFence, look); }
  // Allocation mesh/<name> that holds the number for long, published by its Service; read by the operator.
  PortAllocation settled(const std::string& name, std::int64_t number, bool published = true) {
    const PortAllocation made = bench.allocate(name);
    bench.put_record(number, made);
    if (published) bench.make(wire::kService, generated_service(made, number));
    bench.read();
    return made;
  }
  [[nodiscard]] PortLedger shard() const {
    return bench.at_server<PortLedger>(wire::kPortLedger, {"", kShard}).value();
  }
};

}  // namespace berth::controller
