#include "kube/runtime/lease.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/overloaded.h"
#include "kube/runtime/mix.h"
#include "kube/runtime/resource_version.h"
#include "kube/wire/kind.h"

namespace berth::runtime {
namespace {

std::int64_t whole_seconds(Duration span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

// How long `record` holds, by its own word; a record that says nothing holds as long as ours would.
Duration validity(const Lease& record, const LeaseConfig& config) {
  if (record.duration_seconds <= 0) return config.duration;
  constexpr std::int64_t kLongest = 24 * 3600;  // keeps a mad record from overflowing
  return std::chrono::seconds(std::min(record.duration_seconds, kLongest));
}

bool same_record(const Lease& left, const Lease& right) {
  return left.meta.resource_version == right.meta.resource_version && left.meta.uid == right.meta.uid;
}

// Only its holder renews a record, and reads of it are consistent: one that is older than what was answered
// to us is from a backup. Deleted by hand and a backup from before the lease look the same.
bool has_gone_back(const LeaseState& state, const std::optional<Lease>& lease) {
  if (!state.leading || !state.record) return false;
  if (!lease || is_older(lease->meta.resource_version, state.record->meta.resource_version)) return true;
  return lease->holder == state.record->holder && lease->renew_time < state.record->renew_time;
}

}  // namespace

Status check(const LeaseConfig& config) {
  if (config.key.ns.empty() || config.key.name.empty()) {
    return malformed("a lease needs a namespace and a name", "lease");
  }
  if (config.identity.empty()) return malformed("a lease holder needs an identity", "identity");
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(config.duration);
  if (config.duration < std::chrono::seconds(1) || whole != config.duration) {
    return malformed("the lease duration must be a whole number of seconds, at least 1", "duration");
  }
  if (config.renew_deadline >= config.duration) {
    return malformed("the renew deadline must be shorter than the lease duration", "renewDeadline");
  }
  if (config.retry_period <= Duration(0) || config.retry_period * 6 / 5 >= config.renew_deadline) {
    return malformed("1.2 times the retry period must be shorter than the renew deadline", "retryPeriod");
  }
  if (config.request_deadline <= Duration(0) || config.request_deadline >= config.renew_deadline) {
    return malformed("the request deadline must be shorter than the renew deadline", "requestDeadline");
  }
  return ok_status();
}

LeaseState observed(LeaseState state, const std::optional<Lease>& lease, Instant monotonic) {
  if (has_gone_back(state, lease)) ++state.gone_back;
  if (!lease) {
    // The next Lease counts from 0 again unless somebody remembers.
    if (state.record) state.fence_above = std::max(state.fence_above, state.record->transitions);
    state.record.reset();
    return state;
  }
  if (!state.record || !same_record(*state.record, *lease)) {
    state.record = lease;
    state.seen_at = monotonic;
  }
  return state;
}

LeaseAction decide(const LeaseState& state, const LeaseConfig& config, Instant monotonic, Instant wall) {
  if (overdue(state, config, monotonic)) return LeaseGiveUp{};

  Lease wanted;
  wanted.meta.ns = config.key.ns;
  wanted.meta.name = config.key.name;
  wanted.holder = config.identity;
  wanted.duration_seconds = whole_seconds(config.duration);
  wanted.renew_time = to_rfc3339_micro(wall);
  wanted.acquire_time = wanted.renew_time;
  const std::int64_t least_fence = state.fence_above + 1;
  if (!state.record) {
    wanted.transitions = std::max<std::int64_t>(0, least_fence);
    return LeaseCreate{std::move(wanted)};
  }

  const Lease& record = *state.record;
  const bool ours = record.holder == config.identity;
  if (state.leading && !ours) return LeaseGiveUp{};
  const bool over = record.holder.empty() || monotonic - state.seen_at >= validity(record, config);
  if (!ours && !over) return LeaseWait{};

  wanted.meta = record.meta;
  if (state.leading) {
    wanted.acquire_time = record.acquire_time;
    wanted.transitions = std::max(record.transitions, least_fence);
  } else {
    // Also when the record bears our name: a write whose answer was lost, or a process that was us before,
    // began under the old number.
    wanted.transitions = std::max(record.transitions + 1, least_fence);
  }
  return LeaseReplace{std::move(wanted)};
}

LeaseState written(LeaseState state, const Lease& lease, Instant sent, Instant monotonic,
                   const std::string& identity) {
  state.record = lease;
  state.seen_at = monotonic;
  state.leading = lease.holder == identity;
  state.renewed_at = sent;
  return state;
}

bool overdue(const LeaseState& state, const LeaseConfig& config, Instant monotonic) {
  return state.leading && monotonic - state.renewed_at >= config.renew_deadline;
}

std::optional<Lease> released(const LeaseState& state, const LeaseConfig& config, Instant wall) {
  if (!state.leading || !state.record || state.record->holder != config.identity) return std::nullopt;
  Lease lease = *state.record;
  lease.holder.clear();
  lease.duration_seconds = 1;
  lease.renew_time = to_rfc3339_micro(wall);
  lease.acquire_time = lease.renew_time;
  return lease;
}

LeaseKeeper::LeaseKeeper(const client::Client& client, const Clock& clock, LeaseConfig config)
    : client_(client.with_deadline(config.request_deadline)), clock_(&clock), config_(std::move(config)) {
  if (!check(config_).ok()) std::abort();
}

Result<LeaseKeeper::Standing> LeaseKeeper::step() {
  if (lost_) return Standing::kLost;
  const Instant begun = clock_->monotonic();
  state_.fence_above = std::max(state_.fence_above, fence_above_.load());

  Status result = ok_status();
  if (!overdue(state_, config_, clock_->monotonic())) result = look_and_write();
  if (overdue(state_, config_, clock_->monotonic())) give_up();
  const double spread = state_.leading ? 0 : 0.2 * unit_interval(mix(config_.seed + ++steps_));
  // Who waits looks twice as often as who leads: a lease that was given back is taken within a second or so.
  const double part = state_.leading ? 1 : 0.5;
  const auto period = static_cast<double>(config_.retry_period.count()) * part * (1 + spread);
  next_ = begun + Duration(static_cast<std::int64_t>(period));
  publish();
  if (lost_) return Standing::kLost;
  if (!result.ok()) return std::move(result).error();
  return standing();
}

Status LeaseKeeper::look_and_write() {
  // A leader knows its own record and renews it at once; only a failure makes it look again.
  if (!state_.leading || look_first_) {
    auto got = client_.get<Lease>(wire::kLease, config_.key);
    if (got.ok()) {
      state_ = observed(std::move(state_), *got, clock_->monotonic());
    } else if (got.error().code == Code::kNotFound) {
      state_ = observed(std::move(state_), std::nullopt, clock_->monotonic());
    } else {
      return std::move(got).error();
    }
  }
  const Instant sent = clock_->monotonic();
  const auto write = [&](Result<Lease> reply) -> Status {
    look_first_ = !reply.ok();
    if (!reply.ok()) return std::move(reply).error();
    state_ = written(std::move(state_), *reply, sent, clock_->monotonic(), config_.identity);
    return ok_status();
  };
  return std::visit(
      Overloaded{
          [](const LeaseWait&) { return ok_status(); },
          [&](const LeaseCreate& create) { return write(client_.create(wire::kLease, create.lease)); },
          [&](const LeaseReplace& replace) { return write(client_.replace(wire::kLease, replace.lease)); },
          [&](const LeaseGiveUp&) {
            give_up();
            return ok_status();
          },
      },
      decide(state_, config_, sent, clock_->wall()));
}

void LeaseKeeper::give_up() {
  state_.leading = false;
  lost_ = true;
}

Status LeaseKeeper::release() {
  const auto lease = released(state_, config_, clock_->wall());
  state_.leading = false;
  publish();
  if (!lease) return ok_status();
  TRY_DONE(client_.replace(wire::kLease, *lease));
  return ok_status();
}

bool LeaseKeeper::leading() const {
  return leading_ && clock_->monotonic().milliseconds < valid_until_.load();
}

bool LeaseKeeper::confirmed() const {
  return leading() && clock_->monotonic().milliseconds < confirmed_until_.load();
}

LeaseKeeper::Standing LeaseKeeper::standing() const {
  if (lost_) return Standing::kLost;
  return leading() ? Standing::kLeading : Standing::kFollowing;
}

std::int64_t LeaseKeeper::fence() const { return leading() ? fence_.load() : -1; }

void LeaseKeeper::raise_fence(std::int64_t above) {
  std::int64_t present = fence_above_;
  while (present < above && !fence_above_.compare_exchange_weak(present, above)) {
  }
}

void LeaseKeeper::publish() {
  gone_back_ = state_.gone_back;
  fence_ = state_.leading && state_.record ? state_.record->transitions : -1;
  confirmed_until_ = (state_.renewed_at + 2 * config_.retry_period + config_.request_deadline).milliseconds;
  valid_until_ = (state_.renewed_at + config_.renew_deadline).milliseconds;
  leading_ = state_.leading;
}

}  // namespace berth::runtime
