// Lease: who of several processes leads. A pure decision, and LeaseKeeper, the shell that carries it out.
//
// A lease does not make anything exclusive: a paused leader can wake up after its successor has begun. Safety
// is the ledgers' compare-and-swap; the lease saves work, and its transition count is the fence that a ledger
// keeps. Rules as client-go's leaderelection, which only trusts the own monotonic clock:
// - another's lease is over when its record has not changed for the duration written in it, counted from the
//   moment we first saw that record;
// - we stop leading when `renew_deadline` has passed since the last renewal that succeeded was *sent*.
// So clocks may differ in time, and in rate by duration / renew_deadline.
// Thread-safety: LeaseState is a value; LeaseKeeper: one thread steps, leading() and fence() from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/base/instant.h"
#include "core/base/object_key.h"
#include "core/base/result.h"
#include "core/model/cluster_objects.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"

namespace berth::runtime {

struct LeaseConfig {
  ObjectKey key = {};
  std::string identity = {};  // unique to this process, not only to this host
  Duration duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
  Duration request_deadline{3'000};
  std::uint64_t seed = 0;  // spreads retries over [1, 1.2] of the period
};

// Malformed unless request_deadline < renew_deadline < duration, all whole seconds where the API needs them,
// and retry_period * 1.2 < renew_deadline.
Status check(const LeaseConfig& config);

// What a candidate knows. All instants are monotonic.
struct LeaseState {
  std::optional<Lease> record = {};  // as last seen
  Instant seen_at = {};              // when this record was first seen
  bool leading = false;
  Instant renewed_at = {};        // when the last renewal that succeeded was sent
  std::int64_t fence_above = -1;  // the transition count must get larger than this
  // How often our own record was found older than we had written it, or gone, while we led: the data of the
  // API server may have been restored from a backup, and nothing that was read before can be trusted. Also
  // told when versions have overtaken those of the lost history, which no watch can tell.
  std::int64_t gone_back = 0;

  bool operator==(const LeaseState&) const = default;
};

struct LeaseWait {  // another one leads, or it is too early
  bool operator==(const LeaseWait&) const = default;
};
struct LeaseCreate {
  Lease lease = {};
  bool operator==(const LeaseCreate&) const = default;
};
struct LeaseReplace {  // renew or take over; meta.resource_version makes it conditional
  Lease lease = {};
  bool operator==(const LeaseReplace&) const = default;
};
struct LeaseGiveUp {  // we led and may not any more: end the process
  bool operator==(const LeaseGiveUp&) const = default;
};
using LeaseAction = std::variant<LeaseWait, LeaseCreate, LeaseReplace, LeaseGiveUp>;

// The server's lease as read at `monotonic` (nullopt: there is none) goes into the state.
LeaseState observed(LeaseState state, const std::optional<Lease>& lease, Instant monotonic);
// What to do about it now. `wall` is only written into timestamps.
LeaseAction decide(const LeaseState& state, const LeaseConfig& config, Instant monotonic, Instant wall);
// A write of ours that was sent at `sent` succeeded and returned `lease`.
LeaseState written(LeaseState state, const Lease& lease, Instant sent, Instant monotonic,
                   const std::string& identity);
// The leader's time is up: no renewal sent within the deadline succeeded.
bool overdue(const LeaseState& state, const LeaseConfig& config, Instant monotonic);
// The lease to write on a clean exit, so that a successor need not wait; nullopt when we do not lead.
std::optional<Lease> released(const LeaseState& state, const LeaseConfig& config, Instant wall);

class LeaseKeeper {
 public:
  enum class Standing { kFollowing, kLeading, kLost };

  // `client` and `clock` must outlive the keeper. Requires check(config).
  LeaseKeeper(const client::Client& client, const Clock& clock, LeaseConfig config);

  // At most one read and one write. kLost is final: whoever gets it must exit the process. Errors (a request
  // that failed) change nothing by themselves; the standing is then what standing() says.
  Result<Standing> step();
  // When to call step() next, monotonic. A leader whose steps fail retries until its deadline.
  [[nodiscard]] Instant next_step() const { return next_; }

  // Gives the lease back. Errors: as the client's; the lease then simply runs out.
  Status release();

  // From any thread. leading() is false as soon as the deadline has passed, without waiting for a step.
  [[nodiscard]] bool leading() const;
  [[nodiscard]] Standing standing() const;
  // Leading, and a renewal that was sent at most two retry periods and one request ago has succeeded. Who was
  // frozen or cut off for longer still leads, but should not begin anything before it has looked: the world
  // may have gone on, or back, meanwhile.
  [[nodiscard]] bool confirmed() const;
  // LeaseState::gone_back; never behind what confirmed() knows.
  [[nodiscard]] std::int64_t gone_back() const { return gone_back_; }
  // Transition count of our lease while leading, -1 otherwise.
  [[nodiscard]] std::int64_t fence() const;

  // A ledger carries this fence, and ours is not larger (the Lease was deleted and counts from 0 again): the
  // next renewal writes one that is.
  void raise_fence(std::int64_t above);

  [[nodiscard]] const LeaseState& state() const { return state_; }

 private:
  Status look_and_write();
  void give_up();
  void publish();

  const client::Client client_;
  const Clock* clock_;
  const LeaseConfig config_;
  LeaseState state_ = {};
  Instant next_ = {};
  std::uint64_t steps_ = 0;
  bool look_first_ = true;

  std::atomic<bool> lost_ = false;
  std::atomic<bool> leading_ = false;
  std::atomic<std::int64_t> valid_until_ = 0;
  std::atomic<std::int64_t> confirmed_until_ = 0;
  std::atomic<std::int64_t> gone_back_ = 0;
  std::atomic<std::int64_t> fence_ = -1;
  std::atomic<std::int64_t> fence_above_ = -1;
};

}  // namespace berth::runtime
