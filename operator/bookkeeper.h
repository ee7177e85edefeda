// Bookkeeper: the only writer of ledgers. One step claims for everybody who waits, releases what is proved to
// be nobody's, and frees what has rested.
//
// Numbers whose owner is in a namespace that is not seen (Stores::sees) are nobody's to judge: they stay as
// they are, held or resting.
//
// Each shard write is a compare-and-swap. When one fails, or its answer is lost, the shard is read anew from
// the server and everything is decided again; nothing of an old decision is re-applied. What is destructive
// is proved by live reads first (allocation/release.h). Thread-safety: one step at a time (the queue's one
// ledger key sees to that).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/allocation/release.h"
#include "core/plan.h"
#include "kube/client/client.h"
#include "kube/runtime/clock.h"
#include "operator/applier.h"
#include "operator/ledger_scope.h"
#include "operator/observer.h"
#include "operator/stores.h"

namespace berth::controller {

// What a step did, for metrics, events and the queue.
struct BookkeepingReport {
  Status status = ok_status();  // the first failure; the step is to be repeated
  bool superseded = false;      // a ledger carries a larger fence than ours: somebody else leads or led
  std::int64_t fence_seen = 0;  // that fence
  bool more = false;            // more is due at once
  bool unfinished = false;      // some of what it found is left for a later look at everything
  std::optional<Duration> look_again = {};  // when the next number will have rested
  std::vector<ObjectKey> concerned = {};    // allocations whose numbers or refusals changed
  std::vector<allocation::Grant> granted = {};
  std::vector<ObjectKey> postponed = {};  // could be granted, and are to be asked again (postponement.h)
  std::vector<allocation::Refusal> refused = {};  // only new or changed refusals
  std::vector<allocation::HeldNumber> released = {};
  int writes = 0;
  int conflicts = 0;
  std::size_t looked_at = 0;  // allocations
  Instant begun = {};         // monotonic
};

class Bookkeeper {
 public:
  // Live proofs cost several requests each; more than these wait for the next step so that claims get their
  // turn.
  static constexpr std::size_t kReleasesPerStep = 32;

  // How soon it looks again at numbers whose owner is being worked on.
  static constexpr Duration kAgainWhileAtWork{250};

  // All must outlive the bookkeeper. `at_work`: is somebody in this process working on that allocation now? A
  // request of his that is still on its way may publish a number after it was released: live reads cannot
  // know.
  Bookkeeper(const client::Client& client, const runtime::Clock& clock, Stores& stores, Observer& observer,
             Applier& applier, std::function<bool(const ObjectKey&)> at_work = {})
      : client_(&client),
        clock_(&clock),
        stores_(&stores),
        observer_(&observer),
        applier_(&applier),
        at_work_(std::move(at_work)) {}

  // `fence`: the transition count of the lease under which this process leads. A step that fails has done a
  // part of its work, or none: the next one must look at the same again.
  // `in_a_burst`: numbers that were granted wait to be shown, so that nobody loses anything by waiting, too.
  BookkeepingReport step(std::int64_t fence, const LedgerLook& look = {}, bool in_a_burst = false);

 private:
  void claim(std::int64_t fence, const LedgerLook& look, bool in_a_burst, BookkeepingReport& report);
  // Returns the first refusal to prove something, which keeps no other number from being released.
  Status release(std::int64_t fence, const LedgerLook& look, BookkeepingReport& report);
  // Those that a step looks at, with those that wait for a number, one by one.
  template <class Visit>
  void look_at(const runtime::Snapshot& snapshot, const LedgerLook& look, Visit&& visit) const;
  void sweep(std::int64_t fence, BookkeepingReport& report);

  // False when a write failed: the shard has then been read anew.
  bool write(const std::vector<allocation::ShardWrite>& writes, BookkeepingReport& report);
  void reread(const std::string& shard);

  // Live reads, and for a vanished owner the removal of what it left behind. Of owners in a namespace that
  // may not be looked into there is no proof, unless the namespace is gone; `refused` is what was said then.
  Result<std::vector<allocation::ReleaseProof>> prove(
      const std::vector<allocation::ReleaseCandidate>& candidates, Status& refused);
  Result<std::vector<allocation::ReleaseProof>> prove_owner(
      const std::vector<allocation::ReleaseCandidate>& of_owner);
  Result<bool> is_namespace_gone(const std::string& ns) const;
  Status clear_away(const std::vector<allocation::ReleaseCandidate>& of_one_owner,
                    const std::optional<PortAllocation>& live_owner);

  [[nodiscard]] ClusterView fresh_view();
  void note_rests();

  const client::Client* client_;
  const runtime::Clock* clock_;
  Stores* stores_;
  Observer* observer_;
  Applier* applier_;
  std::function<bool(const ObjectKey&)> at_work_;
  allocation::RestClock rest_;
  std::set<Uid> postponed_;  // by the last claim
};

}  // namespace berth::controller
