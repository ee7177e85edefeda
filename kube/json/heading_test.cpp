#include "kube/json/heading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::json {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Heading, ReadsWhatAnyObjectSaysOfItself) {
  const auto heading = decode_heading(
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"nodeport-17",)"
      R"("uid":"5d2","resourceVersion":"812","generation":4,"creationTimestamp":"2026-11-21T08:00:00Z"}})");
  ASSERT_TRUE(heading.ok());
  EXPECT_EQ(heading->kind, "PartialObjectMetadata");
  EXPECT_EQ(heading->api_version, "meta.k8s.io/v1");
  EXPECT_EQ(heading->meta.uid, Uid{"5d2"});
  EXPECT_EQ(heading->meta.generation, 4);
  EXPECT_EQ(decode_heading(R"({"kind":["Pod"]})").error().field, "kind");
}

TEST(DecodeItems, KeepsTheTextOfEachElement) {
  const auto items = decode_items(
      R"({"kind":"List","apiVersion":"v1","items":[{"kind":"Pod", "a":[1.5,-2,true,null,"\n\u00e4"]},{},7]})");
  ASSERT_TRUE(items.ok());
  EXPECT_THAT(*items, ElementsAre("{\"kind\":\"Pod\",\"a\":[1.5,-2,true,null,\"\\n\xC3\xA4\"]}", "{}", "7"));
  EXPECT_THAT(*decode_items(R"({"items":null})"), IsEmpty());
  EXPECT_THAT(*decode_items("{}"), IsEmpty());
  EXPECT_EQ(decode_items(R"({"items":{}})").error().field, "items");
}

}  // namespace
}  // namespace berth::json
