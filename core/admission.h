// What the webhook asks: may this manifest in?
//
// judge() is pure: the same request, facts and time give the same verdict in the webhook, in `berth lint` and
// in the audit. Source of the rules: docs/reference/api.md, "How a way out is judged". Thread-safety: pure
// function over values; `Facts` must not change during the call.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"

namespace berth {

enum class Operation { kCreate, kUpdate, kDelete };

// The objects exposure is judged on. Kinds that cannot open a way out do not come here.
using Judged = std::variant<Service, Workload, Ingress>;

struct AdmissionRequest {
  Operation operation = Operation::kCreate;
  bool dry_run = false;                   // auto-assigned numbers are then not known (dummy 32769)
  std::optional<Judged> object = {};      // absent on DELETE
  std::optional<Judged> old_object = {};  // UPDATE and DELETE
};

// Strictest last. The policy's own actions are already applied: action Warn turns a refusal into kWarn;
// `unknown: Deny` turns what cannot be resolved into kDeny, `unknown: Warn` leaves it kUnknown, `unknown:
// Allow` makes it kAllow (no finding).
enum class Decision { kAllow, kWarn, kUnknown, kDeny };

// "Allow", "Warn", "Unknown", "Deny".
const char* to_string(Decision decision);

// One way out and what one policy says of it.
struct Finding {
  Decision decision = Decision::kAllow;
  bool audit_only = false;    // the policy's action is Audit: recorded, neither denied nor warned
  std::string policy = {};    // name of the ExposurePolicy
  std::int64_t port = 0;      // the number the finding is about, 0 when it is not known
  std::string protocol = {};  // TCP, UDP, SCTP
  std::string via = {};       // LoadBalancer, NodePort, ExternalIP, Ingress, HostPort, HostNetwork
  std::string path = {};      // 'Service data/web (LoadBalancer) port 443 -> targetPort "pg" -> ...'
  std::string message = {};   // why, without the path
  std::string fix = {};       // what to write instead

  bool operator==(const Finding&) const = default;
};

struct Verdict {
  Decision decision = Decision::kAllow;  // strictest of the findings that are not audit_only
  std::vector<Finding> findings = {};    // only ways out that the request adds or widens; in a stable order

  bool operator==(const Verdict&) const = default;
};

Verdict judge(const AdmissionRequest& request, const exposure::Facts& facts, Instant now);

// What the API server is told.
struct Outcome {
  bool allowed = true;
  std::string message = {};                // the denial text of docs/reference/api.md, "" when allowed
  std::vector<std::string> warnings = {};  // one line each, at most 256 characters (admission/v1)
  std::vector<std::string> audit = {};     // one line per audit-only finding

  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const Verdict& verdict);

}  // namespace berth
