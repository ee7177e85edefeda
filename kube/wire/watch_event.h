// WatchEvent: one line of a watch, taken apart as far as every kind has it in common.
//
// The object stays JSON text for json::decode. Thread-safety: pure function.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth::wire {

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark };

// "ADDED", "MODIFIED", "DELETED", "BOOKMARK".
const char* to_string(WatchEventType type);

struct WatchEvent {
  WatchEventType type = WatchEventType::kAdded;
  std::string object = {};            // JSON text; of a bookmark only metadata means anything
  std::string resource_version = {};  // of the object; never empty
  bool initial_events_end = false;    // bookmark that closes a streamed list

  bool operator==(const WatchEvent&) const = default;
};

// An ERROR event is returned as the Error it carries (see status.h): Gone for 410 Expired and for "too large
// resource version" (list again; after a restore of etcd that version may never come, so waiting could take
// for ever), Throttled for 429, Unavailable or Timeout for the server's own troubles (watch again from the
// last version). Malformed: the line is no watch event.
Result<WatchEvent> parse_watch_event(std::string_view line);

}  // namespace berth::wire
