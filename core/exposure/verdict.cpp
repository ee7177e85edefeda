#include "core/exposure/verdict.h"

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

}  // namespace berth::exposure
