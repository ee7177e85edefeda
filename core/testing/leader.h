// Leader: an operator without threads and wires: one cache, the questions to core, and what it writes. For
// tests.
//
// Like the real shell (operator/) it proves owners before a create, learns from refused writes, and does
// nothing that core did not ask for, unless it is given a mistake to make. Thread-safety: none.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/allocation/release.h"
#include "core/testing/api_server.h"

namespace berth::testing {

// Known-bad leaders: each breaks one rule that the shell has to keep.
enum class Mistake {
  kNone,
  kNoRest,         // believes that everything has rested
  kNoLiveProof,    // releases on the word of its cache
  kReleaseFirst,   // releases the numbers before the Services are gone
  kBlindRetry,     // answers a conflict by writing the same content again
  kNoUid,          // takes the name for the identity
  kNoOwnerProof,   // creates a Service without asking whether its owner lives
  kForgetsWishes,  // takes no notice of stickyFor in the ledger when it looks whether a number has rested
};

using Note = std::function<void(const std::string&)>;

// "uid-a7" is a life of "a".
inline std::string owner_name(const Uid& uid) { return uid.text.substr(4, 1); }

class Leader {
 public:
  static constexpr std::size_t kNoCrash = 99;

  // References must outlive the leader.
  Leader(ApiServer& api, std::int64_t fence, Mistake mistake, std::mt19937& random, Note note);

  // Reads everything, ledgers first.
  void refresh();
  // A list of allocations that is older than what was seen before (k8s#59848).
  void fall_behind(const std::map<std::string, PortAllocation>& allocations) { allocations_ = allocations; }

  // One step of work each, ended by a crash after so many writes; true when something was written. A leader
  // that has seen a larger fence than its own does nothing any more.
  bool claim(std::size_t crash_after);
  bool plan(const std::string& allocation, std::size_t crash_after);
  bool release(std::size_t crash_after);
  bool sweep();

 private:
  // Wall clocks differ, by up to a minute here; what rests is measured by the monotonic one.
  [[nodiscard]] Instant wall() const { return api_.now + std::chrono::seconds(20 * (fence_ % 7 - 3)); }
  [[nodiscard]] std::string name() const { return "leader " + std::to_string(fence_); }
  void take_in_ledger(const std::string& shard);
  void observe_rest();
  bool write(const allocation::ShardWrite& shard);
  Answer carry_out(const Action& action);
  Answer act(const WriteStatus& write);
  Answer act(const CreateService& create);
  Answer act(const CreatePolicy& create);
  Answer act(const CreateConfigMap& create);
  bool prove_owner(const Meta& generated);
  Answer act(const PatchObject& patch);
  Answer act(const DeleteObject& removal);
  Answer act(const ReleaseNumbers& numbers);
  [[nodiscard]] std::map<Uid, std::vector<allocation::ReleaseCandidate>> orphans() const;
  OrphanObservation observe_orphan(const Uid& uid, std::vector<allocation::ReleaseCandidate> candidates);
  [[nodiscard]] allocation::ReleaseProof proof_of(const allocation::ReleaseCandidate& candidate) const;

  ApiServer& api_;
  std::int64_t fence_;
  Mistake mistake_;
  std::mt19937& random_;
  Note note_;
  Namespace ns_ = {};
  // What it has read, and what it has learnt since it started.
  std::map<std::string, PortAllocation> allocations_ = {};
  std::map<std::string, Service> services_ = {};
  std::map<std::string, NetworkPolicy> policies_ = {};
  std::map<std::string, ConfigMap> config_maps_ = {};
  allocation::Ledgers ledgers_ = {};
  allocation::RestClock rest_ = {};
  std::map<Uid, allocation::Refusal> refusals_ = {};
  std::map<Uid, WriteProblem> write_problems_ = {};
  bool stopped_ = false;
};

}  // namespace berth::testing
