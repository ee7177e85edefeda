#include "core/audit.h"

#include <algorithm>
#include <optional>

#include "core/base/reasons.h"
#include "core/exposure/findings.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/rules.h"
#include "core/exposure/ways_out.h"
#include "core/exposure/wording.h"

namespace berth {
namespace {

using exposure::PolicyTable;
using exposure::WayOut;

// A few stand in a condition; all of them in events.
constexpr std::size_t kPathsShown = 3;

void note_exceptions(const WayOut& way, const PolicyTable& table, Instant now, NamespaceAudit& audited) {
  std::vector<std::int64_t> numbers = way.numbers();
  if (way.via == Via::kCustom) numbers.push_back(0);
  for (const std::int64_t number : numbers) {
    const ExposureException* used = table.exception(way, number, now);
    if (used == nullptr) continue;
    const auto index = static_cast<std::size_t>(used - table.policy().spec.exceptions.data());
    audited.exceptions_used.emplace(table.policy().meta.name, index);
  }
}

void note_external_ports(const WayOut& way, const PolicyTable& table, NamespaceAudit& audited) {
  if (way.via == Via::kConnect) return;  // by the API server alone: that is no service to anybody outside
  const auto& external = table.policy().spec.external;
  const std::vector<std::int64_t> numbers = way.numbers();
  for (std::size_t i = 0; i < external.size(); ++i) {
    const bool shown = external[i].protocol == way.protocol &&
                       std::find(numbers.begin(), numbers.end(), external[i].port) != numbers.end();
    if (shown && external[i].port != 0) audited.external_ports_shown.emplace(table.policy().meta.name, i);
  }
}

Condition condition(const ExposurePolicy& policy, const char* type, bool holds, const char* reason,
                    std::string message) {
  return {type, holds ? "True" : "False", policy.meta.generation, "", reason, std::move(message)};
}

// In its place: two programs write conditions of one policy, and neither may put those of the other
// elsewhere.
void put_condition(std::vector<Condition>& conditions, Condition wanted, Instant now) {
  const auto place = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& each) { return each.type == wanted.type; });
  const bool turned = place == conditions.end() || place->status != wanted.status;
  wanted.last_transition_time = turned ? to_rfc3339(now) : place->last_transition_time;
  if (place == conditions.end()) {
    conditions.push_back(std::move(wanted));
  } else {
    *place = std::move(wanted);
  }
}

Condition compliant(const ExposurePolicy& policy, const AuditBook::Sum& sum) {
  if (sum.violations == 0) {
    return condition(policy, "Compliant", true, reason::kNoViolations,
                     "Nothing in the cluster breaks the policy");
  }
  std::string message;
  for (const std::string& path : sum.first_paths) message += (message.empty() ? "" : "; ") + path;
  const auto shown = static_cast<std::int64_t>(sum.first_paths.size());
  if (sum.violations > shown) message += "; and " + std::to_string(sum.violations - shown) + " more";
  return condition(policy, "Compliant", false, reason::kViolated, std::move(message));
}

Condition required_port_missing(const ExposurePolicy& policy, const AuditBook& book) {
  std::string missing;
  const auto& external = policy.spec.external;
  for (std::size_t i = 0; i < external.size(); ++i) {
    if (external[i].requirement != "Required" || external[i].port == 0) continue;
    if (book.is_shown({policy.meta.name, i})) continue;
    missing += (missing.empty() ? "" : ", ") +
               exposure::port_text(external[i].port, external[i].protocol, &external[i]);
  }
  if (missing.empty()) {
    return condition(policy, "RequiredPortMissing", false, reason::kRequiredPortsShown,
                     "Every port that is required is reachable, or none is required");
  }
  return condition(policy, "RequiredPortMissing", true, reason::kRequiredPortsNotShown,
                   missing + ": required, and nothing leads there from outside");
}

std::string exception_text(const ExposureException& exception) {
  return exposure::one_line(exception.workload.kind + " " + exception.ns + "/" + exception.workload.name +
                            " " + exposure::port_text(exception.port, exception.protocol, nullptr) + ", " +
                            exception.owner);
}

struct ExceptionNews {
  const char* reason;
  std::string text;
};

// What its owner should hear, the worst first.
std::optional<ExceptionNews> news_of(const ExposureException& exception, bool used, Instant now) {
  const auto end = parse_rfc3339(exception.expires_at);
  if (!end.ok()) return std::nullopt;  // Ready says so
  const std::string text = exception_text(exception);
  if (*end <= now) {
    return ExceptionNews{reason::kExceptionExpired,
                         text + ": ended " + exposure::one_line(exception.expires_at)};
  }
  if (*end - now <= kExpiresSoon) {
    return ExceptionNews{reason::kExceptionExpires,
                         text + ": ends " + exposure::one_line(exception.expires_at)};
  }
  if (!used) return ExceptionNews{reason::kExceptionUnused, text + ": permits nothing that is there"};
  return std::nullopt;
}

Condition exception_expiring(const ExposurePolicy& policy, const AuditBook& book, Instant now) {
  std::vector<ExceptionNews> news;
  const auto& exceptions = policy.spec.exceptions;
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    if (auto one = news_of(exceptions[i], book.is_exception_used({policy.meta.name, i}), now))
      news.push_back(*std::move(one));
  }
  if (news.empty()) {
    return condition(policy, "ExceptionExpiring", false, reason::kExceptionsInForce,
                     exceptions.empty() ? "There is no exception" : "Every exception is in force and used");
  }
  const auto rank = [](const ExceptionNews& one) {
    const std::string_view said = one.reason;
    return said == reason::kExceptionExpired ? 0 : said == reason::kExceptionExpires ? 1 : 2;
  };
  std::stable_sort(news.begin(), news.end(),
                   [&](const auto& left, const auto& right) { return rank(left) < rank(right); });
  std::string message;
  for (std::size_t i = 0; i < std::min(news.size(), kPathsShown); ++i) {
    message += (message.empty() ? "" : "; ") + news[i].text;
  }
  if (news.size() > kPathsShown) message += "; and " + std::to_string(news.size() - kPathsShown) + " more";
  return condition(policy, "ExceptionExpiring", true, news.front().reason, std::move(message));
}

}  // namespace

NamespaceAudit audit(const std::string& ns, const exposure::Facts& facts, Instant now) {
  NamespaceAudit audited;
  const std::vector<WayOut> ways = ways_into(ns, facts);
  for (const ExposurePolicy* policy : facts.policies()) {
    const PolicyTable table(*policy);
    std::vector<WayOut> forbidden;
    for (const WayOut& way : ways) {
      if (!in_force(*policy, way.namespaces(), facts)) continue;
      note_exceptions(way, table, now, audited);
      note_external_ports(way, table, audited);
      const auto objected = objection(way, table, facts, now);
      if (objected && objected->forbidden) forbidden.push_back(way);
    }
    for (exposure::JudgedWay& judged : judged_ways(forbidden, {table}, facts, false, now)) {
      audited.violations.push_back({policy->meta.name, opener_of(*judged.way), std::move(judged.finding)});
    }
  }
  return audited;
}

std::vector<Violation> AuditBook::put(const std::string& ns, NamespaceAudit audited) {
  std::vector<Violation> news;
  const auto before = namespaces_.find(ns);
  std::set<std::pair<std::string, std::string>> known;
  if (before != namespaces_.end()) {
    for (const Violation& one : before->second.violations) known.emplace(one.policy, one.finding.path);
  }
  for (const Violation& one : audited.violations) {
    if (!known.contains({one.policy, one.finding.path})) news.push_back(one);
  }
  if (audited == NamespaceAudit()) {
    namespaces_.erase(ns);
  } else {
    namespaces_.insert_or_assign(ns, std::move(audited));
  }
  return news;
}

AuditBook::Sum AuditBook::of_policy(const std::string& policy, std::size_t paths) const {
  Sum sum;
  for (const auto& [ns, audited] : namespaces_) {
    for (const Violation& one : audited.violations) {
      if (one.policy != policy) continue;
      ++sum.violations;
      if (sum.first_paths.size() < paths) sum.first_paths.push_back(one.finding.path);
    }
  }
  return sum;
}

const NamespaceAudit* AuditBook::of_namespace(const std::string& ns) const {
  const auto found = namespaces_.find(ns);
  return found == namespaces_.end() ? nullptr : &found->second;
}

std::vector<std::string> AuditBook::violated_namespaces() const {
  std::vector<std::string> found;
  for (const auto& [ns, audited] : namespaces_) {
    if (!audited.violations.empty()) found.push_back(ns);
  }
  return found;
}

bool AuditBook::is_exception_used(const PolicyElement& exception) const {
  return std::any_of(namespaces_.begin(), namespaces_.end(),
                     [&](const auto& one) { return one.second.exceptions_used.contains(exception); });
}

bool AuditBook::is_shown(const PolicyElement& external_port) const {
  return std::any_of(namespaces_.begin(), namespaces_.end(), [&](const auto& one) {
    return one.second.external_ports_shown.contains(external_port);
  });
}

ExposurePolicyStatus audited_status(const ExposurePolicy& policy, const AuditBook& book, Instant now) {
  const AuditBook::Sum sum = book.of_policy(policy.meta.name, kPathsShown);
  ExposurePolicyStatus status = policy.status;
  status.violations = sum.violations;
  for (Condition& wanted : std::vector<Condition>{compliant(policy, sum), required_port_missing(policy, book),
                                                  exception_expiring(policy, book, now)}) {
    put_condition(status.conditions, std::move(wanted), now);
  }
  return status;
}

ExceptionCounts count_exceptions(const ExposurePolicy& policy, const AuditBook& book, Instant now) {
  ExceptionCounts counts;
  const auto& exceptions = policy.spec.exceptions;
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    const auto end = parse_rfc3339(exceptions[i].expires_at);
    if (!end.ok()) continue;
    const bool ended = *end <= now;
    if (ended) {
      ++counts.ended;
    } else if (*end - now <= kExpiresSoon) {
      ++counts.expiring;
    } else {
      ++(book.is_exception_used({policy.meta.name, i}) ? counts.used : counts.unused);
    }
    if (!ended && (!counts.next_end || *end < *counts.next_end)) counts.next_end = *end;
  }
  return counts;
}

std::optional<Instant> next_turn(const std::vector<const ExposurePolicy*>& policies, Instant now) {
  std::optional<Instant> next;
  const auto consider = [&](Instant turn) {
    if (turn > now && (!next || turn < *next)) next = turn;
  };
  for (const ExposurePolicy* policy : policies) {
    const PolicyTable table(*policy);
    for (const Instant end : table.ends_of_exceptions()) {
      consider(end);
      consider(end + -kExpiresSoon);
    }
    for (const Instant refusal : table.refusals()) consider(refusal);
  }
  return next;
}

}  // namespace berth
