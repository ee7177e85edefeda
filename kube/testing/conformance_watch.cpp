// Conformance checks on watches.
#include <chrono>

#include "kube/testing/conformance_kit.h"
#include "kube/wire/watch_event.h"
#include "kube/wire/watch_framer.h"

namespace berth::testing {
namespace {

const wire::Kind& kind() { return wire::kPortAllocation; }

// The next `count` events other than bookmarks.
Result<std::vector<wire::WatchEvent>> read_events(http::Stream& stream, std::size_t count) {
  wire::WatchFramer framer;
  std::vector<wire::WatchEvent> events;
  while (events.size() < count) {
    TRY(const std::string bytes, stream.read(std::chrono::seconds(10)));
    if (bytes.empty()) return malformed("the watch ended early");
    framer.feed(bytes);
    while (true) {
      TRY(const auto line, framer.next());
      if (!line) break;
      TRY(wire::WatchEvent event, wire::parse_watch_event(*line));
      if (event.type != wire::WatchEventType::kBookmark) events.push_back(std::move(event));
    }
  }
  return events;
}

Status watches_tell_everything_in_order(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "watch");
  TRY(const auto before, kit.client().list<PortAllocation>(kind(), setting.ns));
  TRY(PortAllocation object, kit.client().create(kind(), kit.allocation("watch")));
  object.spec.range_name = "changed";
  TRY(object, kit.client().replace(kind(), object));
  TRY_DONE(kit.client().remove<PortAllocation>(kind(), object.meta.key(), {.uid = object.meta.uid}));
  TRY(const auto stream, kit.client().watch(kind(), setting.ns, {}, before.resource_version, 60));
  TRY(const auto events, read_events(*stream, 3));
  using Type = wire::WatchEventType;
  TRY_DONE(expect(
      events[0].type == Type::kAdded && events[1].type == Type::kModified && events[2].type == Type::kDeleted,
      "ADDED, MODIFIED, DELETED"));
  TRY(const PortAllocation last, json::decode<PortAllocation>(events[2].object));
  TRY_DONE(expect(last.meta.uid == object.meta.uid, "the same object"));
  return expect(last.meta.resource_version != object.meta.resource_version,
                "the deletion to have a version of its own");
}

Status selected_watches_see_objects_come_and_go(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "come");
  TRY(const auto before, kit.client().list<PortAllocation>(kind(), setting.ns));
  PortAllocation object = kit.allocation("come");
  TRY(object, kit.client().create(kind(), object));
  object.meta.labels = {{"conformance-watch", "in"}};
  TRY(object, kit.client().replace(kind(), object));
  object.meta.labels = {{"conformance-watch", "out"}};
  TRY(object, kit.client().replace(kind(), object));
  TRY(const auto stream, kit.client().watch(kind(), setting.ns, {.labels = "conformance-watch=in"},
                                            before.resource_version, 60));
  const auto events = read_events(*stream, 2);
  kit.clear<PortAllocation>(kind(), "come");
  if (!events.ok()) return events.error();
  return expect((*events)[0].type == wire::WatchEventType::kAdded &&
                    (*events)[1].type == wire::WatchEventType::kDeleted,
                "ADDED when it comes into the selector and DELETED when it goes");
}

Status ancient_versions_expire(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  TRY(const auto stream, kit.client().watch(kind(), setting.ns, {}, "1", 60));
  return expect_code(read_events(*stream, 1), Code::kGone, "a watch from version 1");
}

}  // namespace

std::vector<ConformanceCheck> watch_checks() {
  return {
      {"a watch tells everything since a list, in order", watches_tell_everything_in_order},
      {"a selected watch sees objects come and go", selected_watches_see_objects_come_and_go},
      {"a watch from an ancient version expires", ancient_versions_expire},
  };
}

}  // namespace berth::testing
