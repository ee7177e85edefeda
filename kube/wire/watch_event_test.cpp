#include "kube/wire/watch_event.h"

#include <gtest/gtest.h>

#include "core/model/service.h"
#include "kube/json/codec.h"

namespace berth::wire {
namespace {

TEST(WatchEvent, KeepsTheObjectAsTextForTheCodec) {
  const auto event = parse_watch_event(
      R"({"type":"MODIFIED","object":{"kind":"Service","apiVersion":"v1","metadata":{"name":"web",)"
      R"("resourceVersion":"1207"},"spec":{"ports":[{"port":443,"targetPort":"pg"}]}}})");
  ASSERT_TRUE(event.ok()) << event.error().message;
  EXPECT_EQ(event->type, WatchEventType::kModified);
  EXPECT_EQ(event->resource_version, "1207");
  EXPECT_FALSE(event->initial_events_end);
  const auto service = json::decode<Service>(event->object);
  ASSERT_TRUE(service.ok());
  EXPECT_EQ(service->ports[0].target_port, TargetPort(std::string("pg")));
}

TEST(WatchEvent, KnowsEveryType) {
  for (const WatchEventType type : {WatchEventType::kAdded, WatchEventType::kModified,
                                    WatchEventType::kDeleted, WatchEventType::kBookmark}) {
    const auto event = parse_watch_event(
        std::string(R"({"object":{"metadata":{"resourceVersion":"7"}},"type":")") + to_string(type) + "\"}");
    ASSERT_TRUE(event.ok()) << to_string(type);
    EXPECT_EQ(event->type, type);
    EXPECT_EQ(event->resource_version, "7");
  }
}

TEST(WatchEvent, SeesTheEndOfAStreamedList) {
  const std::string bookmark =
      R"({"type":"BOOKMARK","object":{"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":"12746",)"
      R"("creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}},"spec":{},)"
      R"("status":{"loadBalancer":{}}}})";
  EXPECT_TRUE(parse_watch_event(bookmark)->initial_events_end);
  std::string added = bookmark;
  added.replace(added.find("BOOKMARK"), 8, "ADDED");
  EXPECT_FALSE(parse_watch_event(added)->initial_events_end);
}

std::string error_event(const std::string& status) {
  return R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)" +
         status + "}}";
}

TEST(WatchEvent, TurnsErrorEventsIntoWhatToDo) {
  const std::pair<std::string, Code> cases[] = {
      {R"("message":"too old resource version: 1 [812]","reason":"Expired","code":410)", Code::kGone},
      {R"("message":"The resourceVersion for the provided watch is too old.","reason":"Gone","code":410)",
       Code::kGone},
      {R"("message":"Timeout: Too large resource version: 9999, current: 12","reason":"Timeout","details":)"
       R"({"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],)"
       R"("retryAfterSeconds":1},"code":504)",
       Code::kGone},
      {R"("message":"slow down","reason":"TooManyRequests","details":{"retryAfterSeconds":1},"code":429)",
       Code::kThrottled},
      {R"("message":"etcdserver: leader changed","code":500)", Code::kUnavailable},
      {R"("message":"request timed out","reason":"Timeout","code":504)", Code::kTimeout},
      {R"("message":"no","reason":"Forbidden","code":403)", Code::kForbidden},
  };
  for (const auto& [status, code] : cases) {
    const auto event = parse_watch_event(error_event(status));
    ASSERT_FALSE(event.ok());
    EXPECT_STREQ(to_string(event.error().code), to_string(code)) << status;
  }
}

TEST(WatchEvent, RefusesLinesThatAreNone) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"not json", ""},
      {R"({"type":"ADDED"})", "object"},
      {R"({"type":"ADDED","object":[]})", "object"},
      {R"({"type":"ADDED","object":{}})", "object.metadata.resourceVersion"},
      {R"({"type":"ADDED","object":{"metadata":{"resourceVersion":7}}})", "object.metadata.resourceVersion"},
      {R"({"type":"CHANGED","object":{"metadata":{"resourceVersion":"7"}}})", "type"},
      {R"({"object":{"metadata":{"resourceVersion":"7"}}})", "type"},
      {R"({"type":"ERROR","object":{"kind":"Pod"}})", "kind"},
      {R"({"type":"ADDED","type":"DELETED","object":{"metadata":{"resourceVersion":"7"}}})", "type"},
      {R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"7"},"spec":{"a":1,"a":2}}})",
       "object.spec.a"},
  };
  for (const auto& [line, field] : cases) {
    const auto event = parse_watch_event(line);
    ASSERT_FALSE(event.ok()) << line;
    EXPECT_EQ(event.error().code, Code::kMalformed) << line;
    EXPECT_EQ(event.error().field, field) << line;
  }
}

}  // namespace
}  // namespace berth::wire
