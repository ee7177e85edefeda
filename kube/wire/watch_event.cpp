#include "kube/wire/watch_event.h"

#include <array>
#include <utility>

#include "kube/json/reader.h"
#include "kube/wire/status.h"

namespace berth::wire {
namespace {

using json::Archive;

constexpr std::array<WatchEventType, 4> kTypes = {WatchEventType::kAdded, WatchEventType::kModified,
                                                  WatchEventType::kDeleted, WatchEventType::kBookmark};

}  // namespace

const char* to_string(WatchEventType type) {
  switch (type) {
    case WatchEventType::kAdded:
      return "ADDED";
    case WatchEventType::kModified:
      return "MODIFIED";
    case WatchEventType::kDeleted:
      return "DELETED";
    case WatchEventType::kBookmark:
      return "BOOKMARK";
  }
  return "";
}

Result<WatchEvent> parse_watch_event(std::string_view line) {
  WatchEvent event;
  std::string type;
  Labels annotations;
  TRY_DONE(json::read_document(line, [&](Archive& archive) {
    json::member(archive, "type", type);
    json::raw_member(archive, "object", event.object);
    if (type == "ERROR") return;
    json::group(archive, "object", false, [&] {
      json::group(archive, "metadata", false, [&] {
        json::member(archive, "resourceVersion", event.resource_version);
        if (type == "BOOKMARK") json::member(archive, "annotations", annotations);
      });
    });
  }));
  if (event.object.empty()) return malformed("object: a watch event without an object", "object");
  if (type == "ERROR") {
    TRY(const ApiStatus status, parse_status(event.object));
    return error_from(status);
  }
  const WatchEventType* known = nullptr;
  for (const WatchEventType& candidate : kTypes) {
    if (type == to_string(candidate)) known = &candidate;
  }
  if (known == nullptr) {
    return malformed(
        "type: '" + type + "' is no type of a watch event: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR",
        "type");
  }
  if (event.resource_version.empty()) {
    return malformed(
        "object.metadata.resourceVersion: missing, the watch could not be resumed after this event",
        "object.metadata.resourceVersion");
  }
  event.type = *known;
  const auto end = annotations.find("k8s.io/initial-events-end");
  event.initial_events_end = end != annotations.end() && end->second == "true";
  return event;
}

}  // namespace berth::wire
