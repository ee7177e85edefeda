#include "core/exposure/account.h"

#include <optional>
#include <vector>

#include "core/exposure/allocations.h"
#include "core/exposure/rules.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

std::string exception_text(const ExposureException& exception) {
  std::string text = "an exception lets it out until " + one_line(exception.expires_at);
  if (!exception.owner.empty()) text += ", answered for by " + one_line(exception.owner);
  if (!exception.reason.empty()) text += ": " + one_line(exception.reason);
  return text;
}

const ExposureException* exception_of(const WayOut& way, const PolicyTable& table, Instant now) {
  std::vector<std::int64_t> numbers = way.numbers();
  numbers.push_back(0);  // the whole workload, for ways by Custom
  for (const std::int64_t number : numbers) {
    if (const auto* found = table.exception(way, number, now)) return found;
  }
  return nullptr;
}

std::string listing_text(const WayOut& way, std::int64_t number, const PolicyPort& entry) {
  std::string text = port_text(number, way.protocol, nullptr) + " is listed as external";
  if (!entry.purpose.empty()) text += ": " + one_line(entry.purpose);
  if (!entry.from.empty()) text += ", for " + joined(entry.from);
  if (!entry.shown_on.empty()) text += ", to be shown on " + joined(entry.shown_on);
  return text;
}

std::optional<std::string> declaration(const WayOut& way, const PolicyTable& table) {
  for (const std::int64_t number : way.numbers()) {
    for (const Listing* listing : table.standing(number, way.protocol)) {
      if (!listing->internal) return listing_text(way, number, *listing->entry);
    }
  }
  return std::nullopt;
}

// In the order of the rules that did not object (rules.cpp).
std::string why_not(const WayOut& way, const PolicyTable& table, const Facts& facts, Instant now) {
  if (const auto* exception = exception_of(way, table, now)) return exception_text(*exception);
  if (way.is_left_open()) return "no internal port is left open";
  if (way.is_bare_number()) return "no pod is at its end, and no number on it is internal";
  if (way.via == Via::kNetworkPolicy)
    return "whom it lets in still has to get there, and no number on it is internal";
  if (way.entrance != nullptr && way.entrance->internal_only)
    return "of " + article(way.entrance->kind) + one_line(way.entrance->kind) +
           " only internal numbers are refused";
  if (way.advertisement != nullptr) return "of what is advertised only internal numbers are refused";
  if (!way.unresolved.empty()) {
    return "where it ends is not known (" + one_line(way.unresolved) + "), and spec.unknown is Allow";
  }
  if (const auto declared = declaration(way, table)) return *declared;
  if (const AllocationPort* port = covering_port(way, facts)) {
    return "a PortAllocation of the namespace asks for it, as its port " + one_line(port->name);
  }
  return "no number on it is listed, and spec.undeclared is Allow";
}

}  // namespace

Account account(const WayOut& way, const PolicyTable& table, const Facts& facts, Instant now,
                bool judged_is_workload) {
  const ExposurePolicy& policy = table.policy();
  Account made;
  made.policy = one_line(policy.meta.name);
  made.audit_only = policy.spec.action == "Audit";
  made.in_force = in_force(policy, way.namespaces(), facts);
  if (!made.in_force) {
    made.why = "not in force: its namespaceSelector takes in none of " + joined(way.namespaces());
    return made;
  }
  const std::optional<Objection> objected = objection(way, table, facts, now);
  if (!objected) {
    made.why = why_not(way, table, facts, now);
    return made;
  }
  made.decision = objected->decision;
  made.rule = rule_of(objected->ground);
  made.why = objected->reason + objected->consequence;
  made.fix = fix_for(way, *objected, judged_is_workload);
  return made;
}

}  // namespace berth::exposure
