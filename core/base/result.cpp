#include "core/base/result.h"

namespace berth {

const char* to_string(Code code) {
  switch (code) {
    case Code::kMalformed:
      return "Malformed";
    case Code::kNotFound:
      return "NotFound";
    case Code::kConflict:
      return "Conflict";
    case Code::kExists:
      return "AlreadyExists";
    case Code::kInvalid:
      return "Invalid";
    case Code::kGone:
      return "Gone";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kThrottled:
      return "Throttled";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kTimeout:
      return "Timeout";
    case Code::kCancelled:
      return "Cancelled";
  }
  return "Unknown";
}

}  // namespace berth
