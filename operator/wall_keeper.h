// WallKeeper: keeps the admission policies of ExposurePolicies that ask for a second wall as they must be.
//
// Thread-safety: from any thread, one ExposurePolicy at a time (the queue sees to that).
#pragma once

#include <optional>
#include <string>

#include "core/exposure/policy_status.h"
#include "core/wall/standing.h"
#include "core/wall/wall.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "operator/stores.h"

namespace berth::controller {

struct KeptWall {
  Status status = ok_status();
  exposure::Enforcement enforcement = {};
  std::optional<Duration> look_again = {};  // when an exception ends
};

class WallKeeper {
 public:
  // All must outlive the keeper.
  WallKeeper(const client::Client& client, const runtime::Clock& clock, Stores& stores,
             wall::WallOptions options)
      : client_(&client), clock_(&clock), stores_(&stores), options_(std::move(options)) {}

  // Does what is next, and tells how far the wall stands. What the API server will not take is no error here:
  // the enforcement says so.
  KeptWall keep(const ExposurePolicy& policy);

 private:
  // nullopt: not everything is listed yet.
  [[nodiscard]] std::optional<wall::Standing> standing_of(const std::string& policy) const;
  Status carry_out(const wall::Action& action);

  const client::Client* client_;
  const runtime::Clock* clock_;
  Stores* stores_;
  const wall::WallOptions options_;
};

}  // namespace berth::controller
