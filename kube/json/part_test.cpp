// A part of a document is read as the document that it would be by itself.
#include "kube/json/part.h"

#include <gtest/gtest.h>
#include <string>

#include "core/model/custom_object.h"
#include "core/model/service.h"
#include "kube/json/codec.h"

namespace berth::json {
namespace {

constexpr char kText[] =
    R"({"a": {"none": null, "object": {"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}},)"
    R"("wrong": {"spec":{"ports":[{"port":"80"}]}}, "own": {"apiVersion":"x/v1","kind":"Own","spec":{ "b" : [1, 2] }}}})";

Part document() {
  auto whole = Part::whole(kText);
  EXPECT_TRUE(whole.ok());
  return *whole;
}

TEST(Part, IsDecodedAsADocument) {
  const auto service = decode<Service>(document().at({"a", "object"}));
  ASSERT_TRUE(service.ok()) << service.error().message;
  EXPECT_EQ(service->meta.name, "web");
}

TEST(Part, NamesPathsFromItsOwnBeginning) {
  const auto service = decode<Service>(document().at({"a", "wrong"}));
  ASSERT_FALSE(service.ok());
  EXPECT_EQ(service.error().field, "spec.ports[0].port");
}

TEST(Part, HandsOnWhatIsNotDescribedAsItStandsThere) {
  const Part own = document().at({"a", "own"});
  EXPECT_EQ(own.text(), R"({"apiVersion":"x/v1","kind":"Own","spec":{ "b" : [1, 2] }})");
  const auto object = decode<CustomObject>(own);
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_EQ(object->spec, R"({ "b" : [1, 2] })");
}

TEST(Part, IsNothingWhereNothingStands) {
  EXPECT_TRUE(Part().empty());
  EXPECT_EQ(Part().text(), "");
  EXPECT_TRUE(Part().at({"a"}).empty());
  EXPECT_TRUE(document().at({"a", "none"}).empty());
  EXPECT_TRUE(document().at({"a", "missing"}).empty());
  EXPECT_TRUE(document().at({"a", "object", "kind", "deeper"}).empty());
}

TEST(Part, IsOnlyMadeOfATextThatIsADocument) {
  EXPECT_EQ(Part::whole(R"({"a":[{},{"b":{"c":1,"c":2}}]})").error().field, "a[1].b.c");
  EXPECT_FALSE(Part::whole("{").ok());
}

TEST(Part, OutlivesThatItWasTakenFromAndDocumentsThatAreReadAfterIt) {
  const Part kept = [] { return document().at({"a", "object"}); }();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Part::whole(R"({"a":{"object":{"kind":"Other"}}})").ok());
  const auto service = decode<Service>(kept);
  ASSERT_TRUE(service.ok());
  EXPECT_EQ(service->meta.name, "web");
}

}  // namespace
}  // namespace berth::json
