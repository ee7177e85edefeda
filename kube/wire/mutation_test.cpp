// Broken bytes never break what reads the wire, and no broken review is ever answered with another's uid.
#include "kube/json/mutation.h"

#include <gtest/gtest.h>

#include "kube/json/tree.h"
#include "kube/wire/admission_review.h"
#include "kube/wire/status.h"
#include "kube/wire/watch_event.h"

namespace berth::wire {
namespace {

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> texts = {
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1","kind":{"group":"","version":"v1","kind":"Service"},"resource":{"group":"","version":"v1","resource":"services"},"requestKind":{"group":"","version":"v1","kind":"Service"},"name":"web","namespace":"data","operation":"UPDATE","userInfo":{"username":"x","groups":["a","b"]},"object":{"spec":{"ports":[{"port":80}]}},"oldObject":{"a":"\u00e4\"}"},"dryRun":false}})",
      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"s":"}]"}}})",
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}})",
      R"({"kind":"Status","code":422,"reason":"Invalid","message":"m","details":{"causes":[{"reason":"FieldValueInvalid","field":"spec.ports[0].nodePort","message":"taken"}],"retryAfterSeconds":1}})",
  };
  return texts;
}

// Texts handed on are documents of their own, and the same values that the whole document has there.
void check_slice(const std::string& text, std::string_view part, json::Tree::Path path) {
  if (part.empty()) return;
  const auto tree = json::parse_tree(part);
  ASSERT_TRUE(tree.ok()) << part;
  const auto whole = json::parse_tree(text);
  ASSERT_TRUE(whole.ok()) << text;
  const json::Tree* there = whole->find(path);
  ASSERT_NE(there, nullptr) << text;
  ASSERT_EQ(*tree, *there) << text;
}

void check_all(const std::string& text) {
  const ParsedReview review = parse_admission_review(text);
  if (review.request.ok()) {
    ASSERT_EQ(review.uid, review.request->uid);
    ASSERT_FALSE(review.uid.empty());
    check_slice(text, review.request->object.text(), {"request", "object"});
    check_slice(text, review.request->old_object.text(), {"request", "oldObject"});
  } else {
    ASSERT_FALSE(review.request.error().message.empty()) << text;
  }
  const auto event = parse_watch_event(text);
  if (event.ok()) {
    check_slice(text, event->object, {"object"});
  } else {
    ASSERT_FALSE(event.error().message.empty()) << text;
  }
  http::Response response;
  response.status = 422;
  response.body = text;
  const Error error = error_from(response);
  ASSERT_FALSE(error.message.empty()) << text;
  (void)node_port_refusal(error);
}

TEST(WireMutations, NeverBreakAParser) { json::for_a_second(corpus(), check_all); }

TEST(WireMutations, StartFromDocumentsThatAreRead) {
  for (const std::string& text : corpus()) check_all(text);
  EXPECT_TRUE(parse_admission_review(corpus()[0]).request.ok());
  EXPECT_TRUE(parse_watch_event(corpus()[1]).ok());
  EXPECT_TRUE(parse_status(corpus()[3]).ok());
}

}  // namespace
}  // namespace berth::wire
