#include "core/exposure/verdict.h"

#include <algorithm>

namespace berth::exposure {

const char* to_string(Decision decision) {
  switch (decision) {
    case Decision::kAllow:
      return "Allow";
    case Decision::kWarn:
      return "Warn";
    case Decision::kUnknown:
      return "Unknown";
    case Decision::kDeny:
      return "Deny";
  }
  return "Deny";
}

Decision strictest_of(const std::vector<Finding>& findings) {
  Decision decision = Decision::kAllow;
  for (const Finding& finding : findings) {
    if (!finding.audit_only) decision = std::max(decision, finding.decision);
  }
  return decision;
}

}  // namespace berth::exposure
