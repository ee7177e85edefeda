#include "core/plan.h"

#include <algorithm>
#include <utility>

#include "core/base/reasons.h"
#include "core/desired/policies.h"
#include "core/desired/services.h"
#include "core/desired/status.h"
#include "core/model/effective_ports.h"
#include "core/plan_config_map.h"
#include "core/plan_numbers.h"
#include "core/plan_services.h"
#include "core/plan_writes.h"

namespace berth {
namespace {

using allocation::adopting;
using allocation::Holding;
using allocation::Holdings;
using namespace plan_writes;

constexpr Duration kLookAgainForNamespace = std::chrono::seconds(1);
constexpr Duration kRetryRefusedWrite = std::chrono::seconds(30);

class AllocationPlan {
 public:
  AllocationPlan(const Observation& observation, Instant now)
      : seen_(observation),
        adoption_(plan_services::adoption_of(observation)),
        adopting_(adopting(*observation.allocation, adoption_)),
        allocation_(adoption_.services.empty() ? *observation.allocation : adopting_),
        now_(now) {}

  Plan make() {
    if (allocation_.meta.deleting()) return take_away();
    if (seen_.ns != nullptr && seen_.ns->meta.deleting()) return {};
    holdings_ = assess(allocation_, seen_.entries, *seen_.ranges, *seen_.uses);
    plan_.wants_numbers = !holdings_.complete() || has_outdated();
    if (seen_.ns == nullptr) {
      // Whether the namespace is managed decides what must be closed first.
      plan_.look_again = kLookAgainForNamespace;
      return std::move(plan_);
    }
    refusal_ = holdings_.unroutable;
    if (!refusal_ && !holdings_.complete()) refusal_ = adoption_refusal();
    if (!refusal_ && !holdings_.complete()) refusal_ = seen_.refusal;
    // The claim answers in a moment: one status write then instead of two.
    if (!holdings_.complete() && !refusal_) return std::move(plan_);
    own_services_ = generated(seen_.services, allocation_);
    own_policies_ = generated(seen_.policies, allocation_);
    find_numbers();
    decide_objects();
    order_actions();
    note_changes();
    look_again_at_the_end();
    return std::move(plan_);
  }

 private:
  std::optional<allocation::Refusal> adoption_refusal() const {
    if (!adoption_.refused) return {};
    const allocation::Refused& refused = *adoption_.refused;
    return allocation::Refusal{allocation_.meta.key(), allocation_.meta.uid, refused.reason, refused.port,
                               refused.message};
  }

  // When an old number is to go, nothing observed says so (core/model/effective_ports.h).
  void look_again_at_the_end() {
    const auto end = first_end(allocation_);
    if (!end) return;
    const Duration left = std::max(Duration(1), *end - now_);
    plan_.look_again = plan_.look_again ? std::min(*plan_.look_again, left) : left;
  }

  bool has_outdated() const {
    return std::any_of(holdings_.serving.begin(), holdings_.serving.end(),
                       [](const Holding& holding) { return holding.outdated; });
  }

  // The owner goes: the way in first, then what guards it. The numbers rest when it is gone for good.
  Plan take_away() {
    for (const ConfigMap* config_map : generated(seen_.config_maps, allocation_)) {
      if (!config_map->meta.deleting()) plan_.actions.push_back(remove(*config_map));
    }
    for (const Service* service : generated(seen_.services, allocation_)) {
      if (!service->meta.deleting()) plan_.actions.push_back(remove(*service));
    }
    for (const NetworkPolicy* policy : generated(seen_.policies, allocation_)) {
      if (!policy->meta.deleting()) plan_.actions.push_back(remove(*policy));
    }
    return std::move(plan_);
  }

  bool is_listed(const Holding& holding) const {
    return std::any_of(allocation_.status.ports.begin(), allocation_.status.ports.end(),
                       [&](const AllocatedPort& port) {
                         const bool named = port.name == holding.slot.name || port.name == holding.recorded;
                         return named && port.port == holding.number.number();
                       });
  }

  bool is_published(const Holding& holding) const {
    return seen_.uses->used_by(allocation_.meta.uid, holdings_.space, holding.key);
  }

  // Which numbers stand in status and which the Services carry. A claim that is not whole yet is not shown:
  // status is its commit point. What is shown already stays, even while the ledger does not know it (a shard
  // that was lost or cannot be read): it is for claim() to take it back or to say why not. Only a number that
  // somebody else took before anything was published takes the others with it: all ports or none.
  void find_numbers() {
    const auto shown = allocation::shown_numbers(allocation_, holdings_.space, seen_.services);
    const bool lost = allocation::lost_any(allocation_, holdings_, shown, *seen_.uses);
    for (const AllocationPort& port : allocation_.spec.ports) {
      const Holding* held = holdings_.find(port.name);
      if (held != nullptr) {
        const bool committed = holdings_.complete() || (is_listed(*held) && !lost);
        if (!committed && !is_published(*held)) continue;
        findings_.numbers.push_back(*held);
        numbers_.push_back(*held);
        continue;
      }
      const auto number = std::find_if(
          shown.begin(), shown.end(),
          [&](const allocation::ShownNumber& candidate) { return candidate.slot.name == port.name; });
      if (number == shown.end()) continue;
      const auto key = key_of(holdings_.space, number->number, port.protocol);
      Holding unconfirmed{.slot = number->slot, .number = number->number, .key = key};
      unconfirmed.range = allocation_.status.range_name;
      unconfirmed.interim = true;
      const bool published = is_published(unconfirmed);
      if (lost && !published) continue;
      findings_.numbers.push_back(unconfirmed);
      if (published) numbers_.push_back(unconfirmed);
    }
  }

  void decide_objects() {
    findings_.complete = holdings_.complete();
    findings_.notes = holdings_.notes;
    findings_.refusal = refusal_;
    if (holdings_.space == allocation::Space::kHostPort) {
      findings_.host_ports =
          desired::judge_host_ports(allocation_, findings_.numbers, seen_.pods, *seen_.uses);
    }
    make_wanted();
    auto decision = plan_services::decide(seen_, allocation_, adoption_, problems_, !own_policies_.empty(),
                                          wanted_services_);
    services_ = std::move(decision.writes);
    adopted_ = std::move(decision.adopted);
    if (decision.held_back) {
      problems_.insert(problems_.begin(), *decision.held_back);
    } else {
      write_policies();
    }
    guarded_ = deny_.clashes.empty() && allow_.clashes.empty();
    if (!guarded_ && !adopted_.empty()) {
      // Not even in part: clients would be kept out by the policies that can be written.
      deny_.actions.clear();
      allow_.actions.clear();
      services_.actions.clear();
      adopted_.clear();
    }
    for (const Writes* writes : {&deny_, &allow_}) {
      problems_.insert(problems_.end(), writes->clashes.begin(), writes->clashes.end());
    }
    findings_.enforcement = problems_;
    findings_.publication = publication_problem();
    refused_ = findings_.publication && findings_.publication->reason == reason::kRefused;
    findings_.service_name = service_name();
    config_map_ = plan_config_map::plan(seen_, status_write(findings_).status.ports, offering_services());
    if (!findings_.publication) findings_.publication = config_map_.problem;
  }

  void make_wanted() {
    const Labels& labels = seen_.ns->meta.labels;
    const desired::Networks networks(seen_.exposure_policies, &labels);
    const allocation::InternalNumbers internal(seen_.exposure_policies);
    const std::vector<Service> named =
        plan_services::under_names_of_the_spec(allocation_, own_services_, adoption_);
    std::vector<const Service*> present;
    for (const Service& service : named) present.push_back(&service);
    auto resolution =
        desired::resolve_ports(allocation_, numbers_, {seen_.pods, networks, internal, &labels, present});
    withheld_ = std::any_of(resolution.ports.begin(), resolution.ports.end(),
                            [](const desired::ResolvedPort& port) { return port.withheld; });
    problems_ = std::move(resolution.problems);
    if (findings_.numbers.empty()) return;
    auto wanted = desired::make_network_policies(allocation_, resolution.ports, networks);
    std::move(wanted.problems.begin(), wanted.problems.end(), std::back_inserter(problems_));
    wanted_policies_ = std::move(wanted.policies);
    wanted_services_ = desired::make_services(allocation_, holdings_.space, resolution.ports);
  }

  void write_policies() {
    if (desired::is_managed(seen_.ns->meta.labels) && !findings_.numbers.empty()) {
      for (const NetworkPolicy& policy : desired::make_namespace_policies(allocation_.meta.ns)) {
        write_wanted(seen_.policies, policy, deny_);
      }
    }
    for (const NetworkPolicy& policy : wanted_policies_) write_wanted(seen_.policies, policy, allow_);
  }

  bool is_adopted_now(const Service& wanted) const {
    return std::find(adopted_.begin(), adopted_.end(), wanted.meta.key()) != adopted_.end();
  }

  // The wanted Services whose names no stranger has.
  std::vector<const Service*> offering_services() const {
    std::vector<const Service*> services;
    for (const Service& wanted : wanted_services_) {
      const Service* present = find_named(seen_.services, wanted.meta.key());
      const bool free = present == nullptr || is_adopted_now(wanted) ||
                        allocation::generated_for(present->meta) == allocation_.meta.uid;
      if (free) services.push_back(&wanted);
    }
    return services;
  }

  // A nodePort that an object nobody declared has: the API server would refuse the Service.
  std::optional<Problem> taken_number() const {
    for (const Holding& holding : numbers_) {
      if (!allocation::taken_by_others(allocation_.meta.uid, holdings_.space, holding.key, *seen_.uses))
        continue;
      const bool carried =
          std::any_of(wanted_services_.begin(), wanted_services_.end(), [&](const Service& service) {
            return std::any_of(service.ports.begin(), service.ports.end(), [&](const ServicePort& port) {
              return port.node_port == holding.number.number();
            });
          });
      if (!carried) continue;
      const auto* use = seen_.uses->other_than(allocation_.meta.uid, holdings_.space, holding.key);
      return Problem{reason::kPortTaken,
                     to_string(holding.number) + " is held for port " + holding.slot.name + ", but " +
                         use->holder +
                         " uses it without an allocation: delete that object, or write another number",
                     false};
    }
    return {};
  }

  std::optional<Problem> publication_problem() {
    if (auto taken = taken_number()) {
      blocked_ = true;
      return taken;
    }
    if (!services_.clashes.empty()) return services_.clashes.front();
    if (adoption_.refused) return Problem{reason::kAdoptionRefused, adoption_.refused->message, true};
    if (!guarded_) {
      return Problem{reason::kUnprotected,
                     "the Service is not written before its NetworkPolicies are in place", false};
    }
    if (problem_stands() && !services_.actions.empty()) {
      return Problem{
          reason::kRefused,
          "the API server refused " + seen_.write_problem->object + ": " + seen_.write_problem->message,
          false};
    }
    if (withheld_) {
      const auto internal = std::find_if(problems_.begin(), problems_.end(), [](const Problem& problem) {
        return problem.reason == reason::kPortInternal;
      });
      return *internal;
    }
    return {};
  }

  // Is what the API server said still about what we would write?
  bool problem_stands() const {
    if (!seen_.write_problem || seen_.write_problem->generation != allocation_.meta.generation) return false;
    const auto& contested = seen_.write_problem->contested;
    return !contested || std::any_of(numbers_.begin(), numbers_.end(),
                                     [&](const Holding& holding) { return holding.number == *contested; });
  }

  // The first Service that is, or will be, there.
  std::string service_name() const {
    const bool hopeless = blocked_ || refused_;
    for (const Service& wanted : wanted_services_) {
      const Service* present = find_named(seen_.services, wanted.meta.key());
      const bool ours =
          present != nullptr && allocation::generated_for(present->meta) == allocation_.meta.uid;
      if (ours || is_adopted_now(wanted) || (present == nullptr && guarded_ && !hopeless))
        return wanted.meta.name;
    }
    // No Service is there or can be written now. Status goes on naming the one that was there: from that name
    // lost_to_others() (core/allocation/holdings.h) reads that the numbers were published once, and that
    // clients may know them; they are then kept and not replaced by others.
    return hopeless ? allocation_.status.service_name : "";
  }

  WriteStatus status_write(const desired::AllocationFindings& findings) const {
    WriteStatus write{allocation_.meta.key(), allocation_.meta.uid, allocation_.meta.resource_version,
                      make_allocation_status(allocation_, findings, now_)};
    write.unconfirmed = plan_numbers::unconfirmed(allocation_.status, write.status, seen_.entries);
    write.arriving = plan_numbers::arriving(allocation_.status, write.status, adoption_.ports);
    return write;
  }

  // The status while the objects are being written: numbers are held, the rest is on its way.
  PortAllocationStatus interim_status() const {
    desired::AllocationFindings findings = findings_;
    const bool closing = !deny_.actions.empty() || !allow_.actions.empty();
    if (!services_.actions.empty() && !findings.publication) {
      findings.publication = Problem{reason::kPublishing, "the Service is being written", false};
    }
    if (!config_map_.after.empty() && !findings.publication) {
      findings.publication = Problem{reason::kPublishing, "the ConfigMap is being written", false};
    }
    if (closing && findings.enforcement.empty()) {
      findings.enforcement.push_back({reason::kEnforcing, "the NetworkPolicies are being written", false});
    }
    // An adopted Service publishes already. Said before it is patched, it keeps a leader that does not know
    // of the adoption yet from taking the number for one that was lost before anybody knew it.
    findings.service_name = adopted_.empty() ? allocation_.status.service_name : findings_.service_name;
    return make_allocation_status(allocation_, findings, now_);
  }

  void order_actions() {
    append(plan_.actions, config_map_.before);
    std::vector<Action> writes;
    if (!config_map_.refused) append(writes, config_map_.after);
    // What is adopted has clients already: they are let in before everybody else is kept out.
    if (!adopted_.empty()) append(writes, std::exchange(allow_.actions, {}));
    append(writes, deny_.actions);
    append(writes, delete_unwanted(own_services_, wanted_services_));
    append(writes, allow_.actions);
    const bool may_publish = guarded_ && !blocked_;
    if (may_publish && !refused_) append(writes, services_.actions);
    append(writes, delete_unwanted(own_policies_, wanted_policies_));

    const PortAllocationStatus final = status_write(findings_).status;
    const bool numbers_change =
        final.ports != allocation_.status.ports || final.range_name != allocation_.status.range_name;
    PortAllocationStatus told = allocation_.status;
    const bool tells_of_adoption = !adopted_.empty() && final.service_name != allocation_.status.service_name;
    if ((numbers_change || tells_of_adoption) && !writes.empty()) {
      WriteStatus first = status_write(findings_);
      first.status = interim_status();
      if (first.status != final || !config_map_.after.empty()) {
        told = first.status;
        plan_.actions.push_back(std::move(first));
      }
    }
    append(plan_.actions, std::move(writes));
    if (final != told) plan_.actions.push_back(status_write(findings_));
    auto unneeded =
        release_candidates(allocation_, seen_.entries, *seen_.ranges, *seen_.uses, seen_.refusal.has_value());
    if (!unneeded.empty()) plan_.actions.push_back(ReleaseNumbers{std::move(unneeded)});
    if (may_publish && refused_) {
      // Told first, tried again after: the answer may be the same for long.
      append(plan_.actions, services_.actions);
      plan_.look_again = kRetryRefusedWrite;
    }
    if (config_map_.refused) {
      append(plan_.actions, config_map_.after);
      plan_.look_again = kRetryRefusedWrite;
    }
    final_ = final;
  }

  // ---- what people are told ----

  void notice(bool warning, std::string reason, std::string message, bool early = false) {
    plan_.notices.push_back({warning, std::move(reason), std::move(message), early});
  }

  bool was(const char* type, const char* status) const {
    const Condition* before = find_condition(allocation_.status.conditions, type);
    return before != nullptr && before->status == status;
  }

  bool had_failed(const char* type) const {  // and was not merely on its way
    const Condition* before = find_condition(allocation_.status.conditions, type);
    return was(type, "False") && before->reason != reason::kPublishing &&
           before->reason != reason::kEnforcing;
  }

  // A condition that turned, or fails for another reason than before.
  bool turned(const char* type) const {
    const Condition* before = find_condition(allocation_.status.conditions, type);
    const Condition* after = find_condition(final_.conditions, type);
    return before == nullptr || before->status != after->status ||
           (after->status == "False" && before->reason != after->reason);
  }

  void note_changes() {
    if (!seen_.recovered.empty()) {
      std::string ports;
      for (const std::string& port : seen_.recovered) ports += (ports.empty() ? "" : ", ") + port;
      notice(true, reason::kLedgerRebuilt,
             "the ledger had lost what this allocation shows and took it back: " + ports, true);
    }
    const Condition& allocated = *find_condition(final_.conditions, "Allocated");
    if (allocated.status == "True" && (turned("Allocated") || final_.ports != allocation_.status.ports)) {
      notice(false, reason::kPortAllocated, allocated.message, true);
    } else if (turned("Allocated")) {
      notice(true, allocated.reason, allocated.message, true);
    }
    for (const ObjectKey& service : adopted_) {
      notice(
          false, reason::kServiceAdopted,
          "Service " + to_string(service) + " is taken over, with every number as it was: " + final_.summary);
    }
    for (const char* type : {"Published", "Enforced"}) {
      const Condition& condition = *find_condition(final_.conditions, type);
      if (condition.reason == reason::kNotAllocated || !turned(type)) continue;
      // Said once: with the numbers of a new allocation it goes without saying that they are published.
      if (condition.status == "True" && !had_failed(type)) continue;
      notice(condition.status != "True", condition.reason, condition.message);
    }
    if (const Condition* migrating = find_condition(final_.conditions, "Migrating")) {
      const bool news = turned("Migrating") || (was("Migrating", "True") && migrating->status == "True" &&
                                                final_.ports != allocation_.status.ports);
      if (news) notice(false, migrating->reason, migrating->message);
    }
    note_drift();
  }

  // Objects that had to be written although nothing of ours changed were changed by somebody else. A policy
  // may also follow pods (named ports) and networks: that is no drift.
  void note_drift() {
    const bool settled_before = allocation_.status.observed_generation == allocation_.meta.generation &&
                                was("Ready", "True") && final_.ports == allocation_.status.ports;
    if (!settled_before) return;
    const bool follows = std::any_of(
        allocation_.spec.ports.begin(), allocation_.spec.ports.end(), [](const AllocationPort& port) {
          const bool named = std::holds_alternative<std::string>(port.target_port);
          return named || std::any_of(port.allow_from.begin(), port.allow_from.end(),
                                      [](const AllocationPeer& peer) { return !peer.network.empty(); });
        });
    std::string names;
    const auto add = [&](const Writes& writes) {
      for (const std::string& name : writes.restored) names += (names.empty() ? "" : ", ") + name;
    };
    add(deny_);
    if (!follows) add(allow_);
    add(services_);
    for (const std::string& name : config_map_.restored) names += (names.empty() ? "" : ", ") + name;
    if (!names.empty())
      notice(true, reason::kDriftRepaired, "somebody changed or deleted " + names + ": restored");
  }

  const Observation& seen_;
  allocation::Adoption adoption_;
  PortAllocation adopting_;           // as the allocation reads while it adopts
  const PortAllocation& allocation_;  // that, or what was observed
  Instant now_;
  Plan plan_;
  Holdings holdings_;
  std::optional<allocation::Refusal> refusal_;
  std::vector<const Service*> own_services_;
  std::vector<const NetworkPolicy*> own_policies_;
  std::vector<Holding> numbers_;  // what the Services carry
  desired::AllocationFindings findings_;
  std::vector<Problem> problems_;
  std::vector<NetworkPolicy> wanted_policies_;
  std::vector<Service> wanted_services_;
  Writes deny_;
  Writes allow_;
  Writes services_;
  plan_config_map::Writes config_map_;
  std::vector<ObjectKey> adopted_;  // Services that are taken over by this plan
  bool guarded_ = false;            // every policy is in place or can be written
  bool blocked_ = false;            // writing the Service is known to be useless
  bool refused_ = false;            // the API server would not take the Service as it stands
  bool withheld_ = false;
  PortAllocationStatus final_;
};

}  // namespace

Plan plan(const Observation& observation, Instant now) { return AllocationPlan(observation, now).make(); }

}  // namespace berth
