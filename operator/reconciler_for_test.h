// What tests of the reconciler share: a workbench, the allocation mesh/api, and work until it rests.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "operator/reconciler.h"
#include "operator/testing/workbench.h"

namespace berth::controller {

inline const ObjectKey kApi{"mesh", "api"};

struct ReconcilerTest : ::testing::Test {
  Workbench bench;
  client::EventRecorder events{bench.client, {.controller = "berth.dev/operator", .instance = "test"}};
  std::int64_t fence = 1;
  std::vector<std::int64_t> superseded = {};
  std::set<runtime::WorkKey> woken = {};
  bool hurried = false;
  Reconciler reconciler{{bench.client, bench.clock, bench.stores, bench.observer, bench.applier,
                         bench.bookkeeper, bench.reporter, events,
                         [this](const runtime::WorkKey& key) { woken.insert(key); }, [this] { return fence; },
                         [this](std::int64_t seen) { superseded.push_back(seen); },
                         [](const BookkeepingReport&) {}, [this] { return hurried; }}};

  Reconciled reconcile(const runtime::WorkKey& key) {
    woken.clear();
    return reconciler.reconcile(key);
  }
  // Works on the allocation and the ledger by turns until neither wakes the other; the watches keep up.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      bench.clear_log();
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
      if (bench.writes().empty() && woken.empty()) return;
    }
    ADD_FAILURE() << "it never came to rest";
  }
  // The same where something is refused again and again.
  void settle_or_wait() {
    for (int i = 0; i < 6; ++i) {
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
    }
  }
  // Works on them while the API server goes on refusing the Service, until its number counts as contested.
  void be_refused() {
    for (int i = 0; i < 4; ++i) {
      (void)reconcile(allocation_work(kApi));
      bench.read();
      (void)reconcile(ledger_work());
      bench.read();
    }
    bench.clock.advance(Observer::kContestedAfter);
    (void)reconcile(allocation_work(kApi));
  }
  [[nodiscard]] PortAllocationStatus status() const {
    return bench.at_server<PortAllocation>(wire::kPortAllocation, kApi)->status;
  }
  [[nodiscard]] Condition condition(const char* type) const {
    return *find_condition(status().conditions, type);
  }
  // Reasons of the events that were written, in order.
  std::vector<std::string> told() {
    while (events.step(bench.clock.wall()).value()) {
    }
    std::vector<std::string> reasons;
    for (const json::Tree& event : bench.server.objects(wire::kEvent))
      reasons.push_back(event.text_at({"reason"}));
    return reasons;
  }
  [[nodiscard]] std::int64_t published() const {
    const auto service = bench.at_server<Service>(wire::kService, kApi);
    return service && !service->ports.empty() ? service->ports[0].node_port : 0;
  }
};

}  // namespace berth::controller
