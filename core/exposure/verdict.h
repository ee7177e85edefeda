// What is said of a way out: a Decision, a Finding per way, a Verdict per request.
//
// Plain data, compared with ==; core/admission.h hands them to the webhook and the CLI.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace berth::exposure {

// Strictest last. The policy's own actions are already applied: action Warn turns a refusal into kWarn;
// `unknown: Deny` turns what cannot be resolved into kDeny, `unknown: Warn` leaves it kUnknown, `unknown:
// Allow` makes it kAllow (no finding).
enum class Decision { kAllow, kWarn, kUnknown, kDeny };

// "Allow", "Warn", "Unknown", "Deny".
const char* to_string(Decision decision);

// One way out and what the policies in force say of it.
struct Finding {
  Decision decision = Decision::kAllow;
  bool audit_only = false;    // the policy's action is Audit: recorded, neither denied nor warned
  std::string rule = {};      // an id of rule_catalogue.h
  std::string policy = {};    // the ExposurePolicy that decided; several that agree are joined by ", "
  std::int64_t port = 0;      // the number the finding is about, 0 when it is not known
  std::string protocol = {};  // TCP, UDP, SCTP
  std::string via = {};       // one of the API's names: LoadBalancer, NodePort, ...
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

// Of those that are not audit_only.
Decision strictest_of(const std::vector<Finding>& findings);

}  // namespace berth::exposure
