#include "core/desired/status.h"

#include <algorithm>

#include "core/base/messages.h"
#include "core/base/reasons.h"
#include "core/desired/migration.h"

namespace berth::desired {
namespace {

constexpr std::size_t kMaxSummary = 1024;  // crds/: status.summary

struct Verdict {
  bool holds = false;
  std::string reason;
  std::string message;
  bool needs_edit = false;
};

Condition condition(const char* type, bool holds, const std::string& reason, const std::string& message,
                    std::int64_t generation) {
  return {type, holds ? "True" : "False", generation, "", reason, message};
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

Verdict allocated(const AllocationFindings& findings, const std::string& summary) {
  if (findings.complete) {
    std::vector<std::string> parts = {"holds " + summary};
    parts.insert(parts.end(), findings.notes.begin(), findings.notes.end());
    return {true, reason::kNumbersHeld, joined(parts, "; "), false};
  }
  const std::string until = summary.empty() ? "" : "; until then " + summary + " stays";
  if (findings.refusal) {
    return {false, to_string(findings.refusal->reason), findings.refusal->message + until,
            allocation::needs_edit(findings.refusal->reason)};
  }
  return {false, reason::kPending, "waiting for numbers" + until, false};
}

Verdict published(const AllocationFindings& findings, const std::string& ns) {
  if (findings.numbers.empty())
    return {false, reason::kNotAllocated, "there are no numbers to publish yet", false};
  if (findings.publication) {
    return {false, findings.publication->reason, findings.publication->message,
            findings.publication->needs_edit};
  }
  if (findings.host_ports) {
    return {findings.host_ports->published, findings.host_ports->reason, findings.host_ports->message, false};
  }
  if (findings.service_name.empty()) {
    return {true, reason::kNothingToPublish, "every port is for its own pod only (Localhost)", false};
  }
  return {true, reason::kServiceInPlace, "Service " + ns + "/" + findings.service_name + " offers the ports",
          false};
}

Verdict enforced(const AllocationFindings& findings) {
  if (findings.numbers.empty())
    return {false, reason::kNotAllocated, "there are no numbers to open yet", false};
  if (findings.enforcement.empty()) {
    return {true, reason::kPoliciesInPlace, message::kPoliciesInPlace, false};
  }
  Verdict verdict{false, findings.enforcement.front().reason, "", false};
  std::vector<std::string> messages;
  for (const Problem& problem : findings.enforcement) {
    messages.push_back(problem.message);
    verdict.needs_edit = verdict.needs_edit || problem.needs_edit;
  }
  verdict.message = joined(messages, "; ");
  return verdict;
}

std::string sample_text(const std::vector<allocation::HeldNumber>& sample) {
  std::vector<std::string> parts;
  for (const allocation::HeldNumber& number : sample) {
    parts.push_back(to_string(number.key) + " of " + to_string(number.entry.owner));
  }
  return joined(parts, ", ");
}

Condition exhaustion(const char* type, bool holds, const char* reason, const allocation::RangeUsage& usage,
                     std::int64_t generation) {
  const std::string message = std::to_string(usage.available) + " of " +
                              std::to_string(usage.capacity - usage.reserved) + " numbers are left" +
                              (usage.node.empty() ? "" : " on node " + usage.node + ", the fullest");
  return condition(
      type, holds, holds ? reason : reason::kEnoughLeft,
      holds ? message + ": widen spec.ports, or delete allocations that are not needed" : message,
      generation);
}

Condition undeclared_use(const allocation::RangeUsage& usage, std::int64_t generation) {
  if (usage.undeclared == 0) {
    return condition("UndeclaredUse", false, reason::kNothingUndeclared,
                     "whoever uses a number of the range holds it", generation);
  }
  const bool more = static_cast<std::int64_t>(usage.undeclared_sample.size()) < usage.undeclared;
  return condition(
      "UndeclaredUse", true, reason::kUsedWithoutAllocation,
      joined(usage.undeclared_sample, ", ") +
          (more ? " and others, " + std::to_string(usage.undeclared) + " in all" : "") +
          ": without an allocation that holds it; ask for it with a PortAllocation, or use another "
          "number",
      generation);
}

// Numbers of the range that the API server would refuse as nodePort.
std::vector<std::string> outside_node_ports(const allocation::CompiledRange& range,
                                            const PortSpan& node_ports) {
  std::vector<std::string> outside;
  for (const PortSpan& span : range.spans) {
    if (span.first < node_ports.first || node_ports.last < span.last) outside.push_back(to_string(span));
  }
  return outside;
}

std::optional<Condition> outside_node_port_range(const PortRange& range, const RangeFindings& findings) {
  constexpr char kType[] = "OutsideNodePortRange";
  const std::int64_t generation = range.meta.generation;
  const bool judged = findings.compiled != nullptr && findings.node_ports &&
                      findings.compiled->space == allocation::Space::kNodePort;
  if (!judged && find_condition(range.status.conditions, kType) == nullptr) return {};
  if (!judged) {
    return condition(kType, false, reason::kInside, "the API server has refused none of the numbers lately",
                     generation);
  }
  const auto outside = outside_node_ports(*findings.compiled, *findings.node_ports);
  if (outside.empty()) {
    return condition(kType, false, reason::kInside, "the API server takes every number as nodePort",
                     generation);
  }
  return condition(kType, true, reason::kApiServerRefuses,
                   joined(outside, ", ") + " is not wholly inside the API server's node port range " +
                       to_string(*findings.node_ports) +
                       ": change spec.ports, or start the API server with a --service-node-port-range that "
                       "contains them",
                   generation);
}

Verdict range_ready(const RangeFindings& findings) {
  if (findings.compiled == nullptr) {
    return {false, reason::kInvalidSpec, findings.error == nullptr ? "" : findings.error->message, true};
  }
  if (!findings.frozen_shards.empty()) {
    return {false, reason::kLedgerFrozen,
            "PortLedger " + joined(findings.frozen_shards, ", ") +
                " cannot be read; its numbers stay with their owners and no new ones are taken from it: see "
                "docs/emergency.md",
            false};
  }
  return {true, reason::kInUse, "numbers are handed out", false};
}

}  // namespace

std::string make_summary(const std::vector<std::string>& texts) {
  static constexpr std::string_view kMore = " ...";
  std::string text;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string entry = (text.empty() ? "" : " ") + texts[i];
    const std::size_t room = i + 1 == texts.size() ? kMaxSummary : kMaxSummary - kMore.size();
    if (text.size() + entry.size() > room) return text + std::string(kMore);
    text += entry;
  }
  return text;
}

PortAllocationStatus make_allocation_status(const PortAllocation& allocation,
                                            const AllocationFindings& findings, Instant now) {
  PortAllocationStatus status;
  const std::int64_t generation = allocation.meta.generation;
  status.observed_generation = generation;
  for (const AllocationPort& port : allocation.spec.ports) {
    const auto held =
        std::find_if(findings.numbers.begin(), findings.numbers.end(),
                     [&](const allocation::Holding& holding) { return holding.slot.name == port.name; });
    if (held == findings.numbers.end()) continue;
    status.ports.push_back({port.name, held->number.number(), port.protocol, port.target_port});
    if (status.range_name.empty()) status.range_name = held->range;
  }
  status.summary = make_summary(number_texts(allocation, status.ports));
  status.service_name = findings.service_name;

  const Verdict verdicts[] = {allocated(findings, status.summary), published(findings, allocation.meta.ns),
                              enforced(findings)};
  const char* const types[] = {"Allocated", "Published", "Enforced"};
  std::vector<Condition> conditions;
  const Verdict* failing = nullptr;
  bool needs_edit = false;
  for (std::size_t i = 0; i < 3; ++i) {
    const Verdict& verdict = verdicts[i];
    conditions.push_back(condition(types[i], verdict.holds, verdict.reason, verdict.message, generation));
    if (!verdict.holds && failing == nullptr) failing = &verdict;
    needs_edit = needs_edit || (!verdict.holds && verdict.needs_edit);
  }
  const bool ready = failing == nullptr;
  const std::string reason = ready ? reason::kReady : failing->reason;
  const std::string message = ready ? message::kReady : failing->message;
  conditions.push_back(condition("Ready", ready, reason, message, generation));
  conditions.push_back(condition("Reconciling", !ready && !needs_edit, reason, message, generation));
  conditions.push_back(condition("Stalled", needs_edit, reason, message, generation));
  std::vector<Condition> present = allocation.status.conditions;
  if (auto migrating = migration_condition(allocation, status.ports)) {
    conditions.push_back(*std::move(migrating));
  } else {
    std::erase_if(present, [](const Condition& one) { return one.type == "Migrating"; });
  }
  status.conditions = merged_conditions(present, std::move(conditions), now);
  return status;
}

PortRangeStatus make_range_status(const PortRange& range, const RangeFindings& findings, Instant now) {
  PortRangeStatus status;
  const std::int64_t generation = range.meta.generation;
  const allocation::RangeUsage& usage = findings.usage;
  status.observed_generation = generation;
  status.capacity = usage.capacity;
  status.allocated = usage.allocated;
  status.available = usage.available;
  status.cooling = usage.resting;
  status.reserved = usage.reserved;
  status.external = usage.external;
  status.draining = usage.draining;
  status.largest_free_block = usage.largest_free_block;
  status.blocks = usage.blocks;

  const Verdict ready = range_ready(findings);
  const bool usable = findings.compiled != nullptr;
  const std::int64_t total = usage.capacity - usage.reserved;
  // A range that reserves all it has was never meant to be handed out.
  const bool exhausted = usable && total > 0 && usage.available == 0;
  const bool near = usable && total > 0 && (total - usage.available) * 100 >= total * 80;
  std::vector<Condition> conditions;
  conditions.push_back(condition("Ready", ready.holds, ready.reason, ready.message, generation));
  conditions.push_back(exhaustion("NearExhaustion", near, reason::kFewLeft, usage, generation));
  conditions.push_back(exhaustion("Exhausted", exhausted, reason::kNoneLeft, usage, generation));
  const bool overlaps = !findings.overlapping.empty();
  conditions.push_back(condition("Overlapping", overlaps, overlaps ? reason::kSharesNumbers : reason::kAlone,
                                 overlaps ? "shares numbers with " + joined(findings.overlapping, ", ") +
                                                "; no number is handed out twice all the same"
                                          : "no other range of the space holds any of the numbers",
                                 generation));
  const bool shrinks = usage.draining > 0;
  conditions.push_back(condition(
      "ShrinkPending", shrinks, shrinks ? reason::kNumbersInUse : reason::kNothingPending,
      shrinks
          ? std::to_string(usage.draining) + " numbers that the range no longer hands out are still held: " +
                sample_text(usage.draining_sample)
          : "no number outside the range is held",
      generation));
  conditions.push_back(undeclared_use(usage, generation));
  if (auto outside = outside_node_port_range(range, findings)) conditions.push_back(*std::move(outside));
  conditions.push_back(
      condition("Reconciling", !ready.holds && !ready.needs_edit, ready.reason, ready.message, generation));
  conditions.push_back(condition("Stalled", ready.needs_edit, ready.reason, ready.message, generation));
  status.conditions = merged_conditions(range.status.conditions, std::move(conditions), now);
  return status;
}

std::vector<Turn> turns(const std::vector<Condition>& before, const std::vector<Condition>& after) {
  std::vector<Turn> turned;
  for (const Condition& condition : after) {
    if (condition.type == "Reconciling" || condition.type == "Stalled") continue;
    const bool bad = (condition.status == "True") != (condition.type == "Ready");
    const Condition* old = find_condition(before, condition.type);
    const bool same = old != nullptr && old->status == condition.status && old->reason == condition.reason;
    if (same || (old == nullptr && !bad)) continue;
    turned.push_back({condition, bad});
  }
  return turned;
}

std::vector<std::string> overlapping_ranges(const allocation::CompiledRange& range,
                                            const allocation::Ranges& ranges) {
  std::vector<std::string> names;
  for (const auto& [name, other] : ranges.usable()) {
    if (name == range.name || other.space != range.space) continue;
    const bool shares =
        std::any_of(range.spans.begin(), range.spans.end(), [&, &spans = other.spans](const PortSpan& a) {
          return std::any_of(spans.begin(), spans.end(), [&](const PortSpan& b) { return a.intersects(b); });
        });
    if (shares) names.push_back(name);
  }
  return names;
}

}  // namespace berth::desired
