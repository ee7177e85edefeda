#include "core/allocation/refusal.h"

namespace berth::allocation {

const char* to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kRangeNotFound:
      return "RangeNotFound";
    case RefusalReason::kRangeUnusable:
      return "RangeUnusable";
    case RefusalReason::kRangeExhausted:
      return "RangeExhausted";
    case RefusalReason::kBlockNotFound:
      return "BlockNotFound";
    case RefusalReason::kNamespaceNotAllowed:
      return "NamespaceNotAllowed";
    case RefusalReason::kQuotaExceeded:
      return "QuotaExceeded";
    case RefusalReason::kPortOutsideRange:
      return "PortOutsideRange";
    case RefusalReason::kPortReserved:
      return "PortReserved";
    case RefusalReason::kPortTaken:
      return "PortTaken";
    case RefusalReason::kPortResting:
      return "PortResting";
    case RefusalReason::kPortInternal:
      return "PortInternal";
    case RefusalReason::kPortRequestedTwice:
      return "PortRequestedTwice";
    case RefusalReason::kLedgerFrozen:
      return "LedgerFrozen";
  }
  return "Unknown";
}

bool needs_edit(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kRangeNotFound:
    case RefusalReason::kRangeUnusable:
    case RefusalReason::kRangeExhausted:
    case RefusalReason::kQuotaExceeded:
    case RefusalReason::kPortTaken:
    case RefusalReason::kPortResting:
    case RefusalReason::kLedgerFrozen:
      return false;
    case RefusalReason::kBlockNotFound:
    case RefusalReason::kNamespaceNotAllowed:
    case RefusalReason::kPortOutsideRange:
    case RefusalReason::kPortReserved:
    case RefusalReason::kPortInternal:
    case RefusalReason::kPortRequestedTwice:
      return true;
  }
  return true;
}

}  // namespace berth::allocation
