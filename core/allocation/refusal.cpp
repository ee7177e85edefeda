#include "core/allocation/refusal.h"

#include "core/base/reasons.h"

namespace berth::allocation {

const char* to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kRangeNotFound:
      return reason::kRangeNotFound;
    case RefusalReason::kRangeUnusable:
      return reason::kRangeUnusable;
    case RefusalReason::kRangeExhausted:
      return reason::kRangeExhausted;
    case RefusalReason::kRangeFragmented:
      return reason::kRangeFragmented;
    case RefusalReason::kCannotGrow:
      return reason::kCannotGrow;
    case RefusalReason::kBlockNotFound:
      return reason::kBlockNotFound;
    case RefusalReason::kNamespaceNotAllowed:
      return reason::kNamespaceNotAllowed;
    case RefusalReason::kQuotaExceeded:
      return reason::kQuotaExceeded;
    case RefusalReason::kPortOutsideRange:
      return reason::kPortOutsideRange;
    case RefusalReason::kPortReserved:
      return reason::kPortReserved;
    case RefusalReason::kPortTaken:
      return reason::kPortTaken;
    case RefusalReason::kPortResting:
      return reason::kPortResting;
    case RefusalReason::kPortInternal:
      return reason::kPortInternal;
    case RefusalReason::kPortRequestedTwice:
      return reason::kPortRequestedTwice;
    case RefusalReason::kLedgerFull:
      return reason::kLedgerFull;
    case RefusalReason::kLedgerFrozen:
      return reason::kLedgerFrozen;
    case RefusalReason::kAdoptionRefused:
      return reason::kAdoptionRefused;
  }
  return "Unknown";
}

bool needs_edit(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kRangeNotFound:
    case RefusalReason::kRangeUnusable:
    case RefusalReason::kRangeExhausted:
    case RefusalReason::kRangeFragmented:
    case RefusalReason::kCannotGrow:
    case RefusalReason::kQuotaExceeded:
    case RefusalReason::kPortTaken:
    case RefusalReason::kPortResting:
    case RefusalReason::kLedgerFull:
    case RefusalReason::kLedgerFrozen:
      return false;
    case RefusalReason::kBlockNotFound:
    case RefusalReason::kNamespaceNotAllowed:
    case RefusalReason::kPortOutsideRange:
    case RefusalReason::kPortReserved:
    case RefusalReason::kPortInternal:
    case RefusalReason::kPortRequestedTwice:
    case RefusalReason::kAdoptionRefused:
      return true;
  }
  return true;
}

}  // namespace berth::allocation
