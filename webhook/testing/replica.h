// Replica: what of the webhook keeps certificates, against a fake API server and with a clock of its own.
//
// Thread-safety: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"
#include "kube/testing/manual_clock.h"
#include "webhook/certificate_keeper.h"
#include "webhook/upkeep.h"

namespace berth::webhook::test {

// Everybody's clock, and by how much this one is wrong.
class SkewedClock final : public runtime::Clock {
 public:
  SkewedClock(const runtime::Clock& right, Duration skew) : right_(&right), skew_(skew) {}
  [[nodiscard]] Instant wall() const override { return right_->wall() + skew_; }
  [[nodiscard]] Instant monotonic() const override { return right_->monotonic() + skew_; }

 private:
  const runtime::Clock* right_;
  Duration skew_;
};

// Makes a source of the keeper's own for the replica; by default the keeper itself.
using Wrap = std::unique_ptr<CertificateSource> (*)(std::unique_ptr<CertificateKeeper>);

class Replica {
 public:
  Replica(testing::FakeApiServer& server, const runtime::Clock& clock, Duration skew, UpkeepConfig config,
          Validity validity, Wrap wrap = nullptr);

  // As a process that begins: nothing is remembered.
  void start();
  Duration step() { return upkeep_->step(); }

  [[nodiscard]] std::optional<std::string> problem() const { return upkeep_->problem(); }
  [[nodiscard]] bool ready() const { return !upkeep_->problem(); }
  // "" before anything is served.
  [[nodiscard]] const std::string& served() const { return served_; }

  testing::FaultyTransport transport;
  bool cluster_read = true;
  std::vector<std::string> told = {};  // "failed registration: ...", "deleted", "registered made"
  std::vector<Stage> stages = {};      // that this replica carried out
  std::optional<bool> standing = {};   // of the registration, as it was told last

 private:
  SkewedClock clock_;
  client::Client client_;
  UpkeepConfig config_;
  Validity validity_;
  Wrap wrap_;
  std::string served_ = {};
  std::unique_ptr<Upkeep> upkeep_ = {};
};

// By URL, for 127.0.0.1.
UpkeepConfig upkeep_config();

}  // namespace berth::webhook::test
