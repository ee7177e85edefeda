// Refusal: why an allocation does not get its numbers, in a word for programs and a sentence for people.
//
// A value, not an error: a full range is an expected outcome. The reasons are the reasons of the condition
// Allocated (docs/reference/reasons.md).
#pragma once

#include <string>

#include "core/base/object_key.h"

namespace berth::allocation {

enum class RefusalReason : std::uint8_t {
  kRangeNotFound,        // no such range, or none with that purpose
  kRangeUnusable,        // the range exists but cannot be read or served (its own condition says why)
  kRangeExhausted,       // no free number left
  kRangeFragmented,      // free numbers are left, but not so many in a row
  kCannotGrow,           // the numbers that follow those of a counted port are not free
  kBlockNotFound,        // the range has no such block
  kNamespaceNotAllowed,  // namespaceSelector of the range does not take the namespace in
  kQuotaExceeded,        // limits.perNamespace
  kPortOutsideRange,     // the requested number is not in the range or block
  kPortReserved,         // the requested number is reserved
  kPortTaken,            // held by another allocation, or used by an object that nobody declared
  kPortResting,          // released a moment ago
  kPortInternal,         // internal by an ExposurePolicy, asked for outside exposure
  kPortRequestedTwice,   // two ports of the allocation ask for one number
  kLedgerFull,           // the shard of the number has no room for one more entry
  kLedgerFrozen,         // the shard of the number cannot be read
  kAdoptionRefused,      // a Service asks to be taken over and cannot be as it stands (adoption.h)
};

// "RangeExhausted", ...
const char* to_string(RefusalReason reason);

// True when only an edit of the allocation or of policy can help; false when it may resolve by waiting.
bool needs_edit(RefusalReason reason);

// A refusal before it is said whom it is for: what a single rule answers.
struct Refused {
  RefusalReason reason;
  std::string port;     // as in Refusal
  std::string message;  // as in Refusal
};

struct Refusal {
  ObjectKey allocation = {};
  Uid uid = {};
  RefusalReason reason = RefusalReason::kRangeExhausted;
  std::string port = {};     // name of the port in the spec, "" when it concerns all
  std::string message = {};  // a sentence that also says what to do

  bool operator==(const Refusal&) const = default;
};

}  // namespace berth::allocation
