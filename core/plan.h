// Plan: what the operator must write for one allocation, one namespace or one vanished owner, in order.
//
// Events go in as an Observation, everything to do comes out as one Plan: no callback, no clock, no effect.
// So a crash can be tried between any two actions without a mock, and two leaders with one view make one
// plan. The order is part of the plan and any prefix of it is safe (docs/architecture.md):
//   numbers in status -> ConfigMap -> default deny -> allow policies -> Services -> Ready in status;
// taking away goes the other way: numbers out of the ConfigMap (before they leave status), Service ports and
// Services, then the policies that let them in, then (by release(), after live proof) the numbers. No Service
// is ever open without its policies, and no ConfigMap tells a number that is not held.
//
// The caller carries the actions out one after another and stops at the first that fails; it then observes
// again. A failed write of a Service comes back as Observation::write_problem, one of a ConfigMap as
// Observation::config_map_problem.
// Thread-safety: pure functions over values; observed objects must not change during the call.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/allocation/holdings.h"
#include "core/allocation/release.h"
#include "core/desired/diff.h"
#include "core/desired/ports.h"

namespace berth {

enum class ObjectKind : std::uint8_t { kService, kNetworkPolicy, kConfigMap };

// PUT or patch of the status subresource. Precondition: UID, and resource_version or, after an earlier
// WriteStatus of the same plan, the version that one was answered with.
struct WriteStatus {
  ObjectKey allocation = {};
  Uid uid = {};
  std::string resource_version = {};
  PortAllocationStatus status = {};
  // Numbers that the present status shows, this one no longer, and the ledgers as seen do not hold for the
  // owner: either the record lost them, or the ledgers were read before another leader claimed them.
  // Precondition: read live, no shard holds one of them for the owner (model/README.md, SHOW_UNCONFIRMED).
  std::vector<Port> unconfirmed = {};
  // Numbers that the present status does not show yet and that come instead of others: chosen anew, or
  // brought by a Service to be adopted. To another leader, which does not know why, they are surplus: it may
  // have released them meanwhile, and the version of the allocation does not tell. Precondition: read live, a
  // shard holds each of them for the owner.
  std::vector<Port> arriving = {};

  bool operator==(const WriteStatus&) const = default;
};

// POST. Preconditions: the owner lives, proved by a WriteStatus earlier in the plan or else by a GET, because
// a create itself says nothing about its owner and a stale view would publish a released number again; and
// the name is free (the API server checks; a nodePort clash may hide it, so after any refusal GET the name
// first).
struct CreateService {
  Service service = {};

  bool operator==(const CreateService&) const = default;
};

struct CreatePolicy {
  NetworkPolicy policy = {};

  bool operator==(const CreatePolicy&) const = default;
};

// Preconditions as of CreateService. The name is taken by a ConfigMap that no watch shows, perhaps: then GET
// it, and tell who it is as a WriteProblem.
struct CreateConfigMap {
  ConfigMap config_map = {};

  bool operator==(const CreateConfigMap&) const = default;
};

// JSON merge patch of the edited fields. Precondition: uid and resource_version, both in the patch.
struct PatchObject {
  ObjectKind kind = ObjectKind::kService;
  ObjectKey key = {};
  Uid uid = {};
  std::string resource_version = {};
  std::vector<desired::Edit> edits = {};

  bool operator==(const PatchObject&) const = default;
};

// DELETE. Precondition: uid and resource_version (somebody may have made the object his own meanwhile).
struct DeleteObject {
  ObjectKind kind = ObjectKind::kService;
  ObjectKey key = {};
  Uid uid = {};
  std::string resource_version = {};

  bool operator==(const DeleteObject&) const = default;
};

// Prove live (allocation/release.h) and write the shards.
struct ReleaseNumbers {
  std::vector<allocation::ReleaseCandidate> candidates = {};

  bool operator==(const ReleaseNumbers&) const = default;
};

using Action = std::variant<WriteStatus, CreateService, CreatePolicy, CreateConfigMap, PatchObject,
                            DeleteObject, ReleaseNumbers>;

// "create Service mesh/api", for logs and metrics.
std::string describe(const Action& action);

// An Event to record about the allocation (or the namespace), once it is true.
struct Notice {
  bool warning = false;
  std::string reason = {};
  std::string message = {};
  bool early = false;  // true as soon as the plan's first status write succeeded, whatever fails after it

  bool operator==(const Notice&) const = default;
};

struct Plan {
  std::vector<Action> actions = {};
  std::vector<Notice> notices = {};         // to record when all actions succeeded (see Notice::early)
  bool wants_numbers = false;               // hand the allocation to the next claim()
  std::optional<Duration> look_again = {};  // when nothing observed may bring the next change

  bool operator==(const Plan&) const = default;
  [[nodiscard]] bool settled() const { return actions.empty() && !wants_numbers; }
};

// What the last write of this allocation's Service, or of its ConfigMap, was refused with.
struct WriteProblem {
  std::int64_t generation = 0;  // metadata.generation it was tried at
  std::string object = {};      // "Service mesh/api"
  std::string message = {};     // the API server's own words
  // The nodePort that it says is allocated already, when that was the reason.
  std::optional<Port> contested = {};
  ObjectKind kind = ObjectKind::kService;
  bool name_taken = false;  // by an object that is not ours

  bool operator==(const WriteProblem&) const = default;
};

// One consistent cut of the cluster, as far as one allocation is concerned. Pointers are borrowed.
struct Observation {
  const PortAllocation* allocation;                  // effective (core/model/effective_ports.h)
  std::vector<allocation::HeldNumber> entries = {};  // Ledgers::of_owner(uid)
  // Of the namespace: ours, whoever has our names, and those that ask to be adopted by the allocation.
  std::vector<const Service*> services = {};
  std::vector<const NetworkPolicy*> policies = {};  // of the namespace: the same, and the namespace's
  std::vector<const ConfigMap*> config_maps = {};   // of the namespace: those that Berth generated
  const Namespace* ns = nullptr;                    // nullptr = not known: nothing new is opened
  std::vector<const Workload*> pods = {};           // of the namespace, those that the selector takes in
  std::vector<const ExposurePolicy*> exposure_policies = {};
  const allocation::Ranges* ranges = nullptr;           // required
  const allocation::Uses* uses = nullptr;               // required
  std::optional<allocation::Refusal> refusal = {};      // answer of the last claim, if it refused
  std::vector<std::string> recovered = {};              // Grant::recovered of the last claim
  std::optional<WriteProblem> write_problem = {};       // of a Service
  std::optional<WriteProblem> config_map_problem = {};  // of the ConfigMap
};

Plan plan(const Observation& observation, Instant now);

// The Services and policies that an allocation of that name may generate: what to put into an Observation
// beside the objects that carry its UID.
std::vector<ObjectKey> generated_services(const ObjectKey& allocation);
std::vector<ObjectKey> generated_policies(const ObjectKey& allocation);

// The default-deny policies of a namespace. They stay when the last allocation goes, as long as a pod may
// still need them (R10).
struct NamespaceObservation {
  const Namespace* ns;
  bool has_allocations = false;                     // any PortAllocation that is not being deleted
  std::vector<const NetworkPolicy*> policies = {};  // those with the names of the default-deny policies
  std::optional<std::size_t> pods = {};             // how many Pod objects there are; nothing = not known
  // Strangers have the names of the Services of all of them: nothing is published, and nothing is closed yet
  // that is open.
  bool all_held_back = false;
};

Plan plan_namespace(const NamespaceObservation& observation);

// What is left of an owner that is not in the cache any more. `live_owner`: the object now under its key, as
// a GET (not the cache) answered, whatever its UID; empty = NotFound. If it is the same UID nothing is done.
struct OrphanObservation {
  ObjectKey owner = {};
  Uid uid = {};
  std::optional<PortAllocation> live_owner = {};
  std::vector<const Service*> services = {};        // generated for that UID
  std::vector<const NetworkPolicy*> policies = {};  // generated for that UID
  std::vector<allocation::ReleaseCandidate> candidates = {};
  std::vector<const ConfigMap*> config_maps = {};  // generated for that UID
};

Plan plan_release(const OrphanObservation& observation);

}  // namespace berth
