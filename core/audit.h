// What the audit asks: what stands in a namespace that a policy forbids, whoever let it in?
//
// The same engine as judge() of admission.h, over everything that is there. audit() is pure; AuditBook keeps
// what it said of each namespace. What the webhook never saw stands in here too: what was there before a
// policy, what came while nobody answered, and two requests each harmless by itself. Thread-safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/verdict.h"
#include "core/model/cluster_objects.h"
#include "core/model/exposure_policy.h"

namespace berth {

// A way out that one policy forbids, whatever its action is.
struct Violation {
  std::string policy = {};
  ObjectReference object = {};  // that opens the way; a kind read by an adapter has no apiVersion here
  exposure::Finding finding = {};

  bool operator==(const Violation&) const = default;
};

// An element of a list in the spec of a policy: its name and the index.
using PolicyElement = std::pair<std::string, std::size_t>;

struct NamespaceAudit {
  std::vector<Violation> violations = {};             // in a stable order
  std::set<PolicyElement> exceptions_used = {};       // of spec.exceptions: a way stands that it permits
  std::set<PolicyElement> external_ports_shown = {};  // of spec.external

  bool operator==(const NamespaceAudit&) const = default;
};

// Unknown ways, deprecated ports before their date and guesses are no violations: the webhook tells of them.
NamespaceAudit audit(const std::string& ns, const exposure::Facts& facts, Instant now);

class AuditBook {
 public:
  // Takes the place of what was said of the namespace before. Returns what it did not have then.
  std::vector<Violation> put(const std::string& ns, NamespaceAudit audited);

  // Of all namespaces, for one policy: how many, and the paths of the first few, in a stable order.
  struct Sum {
    std::int64_t violations = 0;
    std::vector<std::string> first_paths = {};
  };
  [[nodiscard]] Sum of_policy(const std::string& policy, std::size_t paths) const;
  // nullptr: nothing is to be said of the namespace.
  [[nodiscard]] const NamespaceAudit* of_namespace(const std::string& ns) const;
  [[nodiscard]] std::vector<std::string> violated_namespaces() const;
  [[nodiscard]] bool is_exception_used(const PolicyElement& exception) const;
  [[nodiscard]] bool is_shown(const PolicyElement& external_port) const;

 private:
  std::map<std::string, NamespaceAudit> namespaces_;  // without those of which nothing is to be said
};

// The status with what the audit found: violations, and the conditions
// - Compliant: False when there are any;
// - RequiredPortMissing: True when a port of spec.external with requirement Required is shown by nobody;
// - ExceptionExpiring: True when an exception has ended, ends within kExpiresSoon, or permits nothing that
// is. Conditions of others stay. An unchanged status compares equal to the one present.
ExposurePolicyStatus audited_status(const ExposurePolicy& policy, const AuditBook& book, Instant now);

// The exceptions of a policy, each in one of these; without those whose expiresAt cannot be read.
struct ExceptionCounts {
  std::int64_t ended = 0;
  std::int64_t expiring = 0;             // within kExpiresSoon
  std::int64_t unused = 0;               // later, and permits nothing that is
  std::int64_t used = 0;                 // later
  std::optional<Instant> next_end = {};  // of those that have not ended the first one

  bool operator==(const ExceptionCounts&) const = default;
};
ExceptionCounts count_exceptions(const ExposurePolicy& policy, const AuditBook& book, Instant now);

inline constexpr Duration kExpiresSoon{14LL * 24 * 3600 * 1000};

// When time alone changes what is to be said: an exception begins to end soon, ends, or a deprecated port is
// refused. Nothing when no policy says such a time that is still to come.
std::optional<Instant> next_turn(const std::vector<const ExposurePolicy*>& policies, Instant now);

}  // namespace berth
