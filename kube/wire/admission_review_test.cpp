#include "kube/wire/admission_review.h"

#include <gtest/gtest.h>

#include "core/model/service.h"
#include "kube/json/codec.h"
#include "kube/json/tree.h"

namespace berth::wire {
namespace {

constexpr char kUpdate[] = R"({
  "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
  "request": {
    "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
    "kind": {"group": "autoscaling", "version": "v2", "kind": "HorizontalPodAutoscaler"},
    "resource": {"group": "autoscaling", "version": "v2", "resource": "horizontalpodautoscalers"},
    "subResource": "status",
    "requestKind": {"group": "autoscaling", "version": "v1", "kind": "HorizontalPodAutoscaler"},
    "requestResource": {"group": "autoscaling", "version": "v1", "resource": "horizontalpodautoscalers"},
    "requestSubResource": "status",
    "name": "web", "namespace": "data", "operation": "UPDATE",
    "userInfo": {"username": "system:serviceaccount:kube-system:hpa", "uid": "9",
                 "groups": ["system:serviceaccounts", "system:authenticated"], "extra": {"k": ["v"]}},
    "object": {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 443}]}},
    "oldObject": {"kind": "Service", "metadata": {"name": "web"}},
    "dryRun": true,
    "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"}
  }
})";

TEST(AdmissionReview, IsReadWhole) {
  const ParsedReview review = parse_admission_review(kUpdate);
  ASSERT_TRUE(review.request.ok()) << review.request.error().message;
  AdmissionReviewRequest expected;
  expected.uid = "705ab4f5-6393-11e8-b7cc-42010a800002";
  expected.operation = ReviewOperation::kUpdate;
  expected.kind = {"autoscaling", "v2", "HorizontalPodAutoscaler"};
  expected.resource = {"autoscaling", "v2", "horizontalpodautoscalers"};
  expected.sub_resource = "status";
  expected.request_kind = {"autoscaling", "v1", "HorizontalPodAutoscaler"};
  expected.request_resource = {"autoscaling", "v1", "horizontalpodautoscalers"};
  expected.ns = "data";
  expected.name = "web";
  expected.username = "system:serviceaccount:kube-system:hpa";
  expected.groups = {"system:serviceaccounts", "system:authenticated"};
  expected.dry_run = true;
  expected.object = *json::Part::whole(
      R"({"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 443}]}})");
  expected.old_object = *json::Part::whole(R"({"kind": "Service", "metadata": {"name": "web"}})");
  EXPECT_EQ(*review.request, expected);
  EXPECT_EQ(review.uid, expected.uid);
  EXPECT_EQ(expected.kind.api_version(), "autoscaling/v2");
  EXPECT_EQ(json::decode<Service>(review.request->object)->ports[0].port, 443);
}

std::string review_text(const std::string& operation, const std::string& more) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":")" +
         operation +
         R"(","kind":{"group":"","version":"v1","kind":"Service"},)"
         R"("resource":{"group":"","version":"v1","resource":"services"})" +
         more + "}}";
}

TEST(AdmissionReview, TakesTheKindAsTheRequestsOwnWhenNotTold) {
  const ParsedReview review = parse_admission_review(review_text("CREATE", R"(,"object":{})"));
  ASSERT_TRUE(review.request.ok());
  EXPECT_EQ(review.request->request_kind, (GroupVersionKind{"", "v1", "Service"}));
  EXPECT_EQ(review.request->request_resource, (GroupVersionResource{"", "v1", "services"}));
  EXPECT_EQ(review.request->kind.api_version(), "v1");
  EXPECT_FALSE(review.request->dry_run);
}

TEST(AdmissionReview, CountsNullObjectsAsAbsent) {
  const std::string text = review_text("DELETE", R"(,"object":null,"oldObject":{"a":1},"dryRun":null)");
  const ParsedReview review = parse_admission_review(text);
  ASSERT_TRUE(review.request.ok());
  EXPECT_TRUE(review.request->object.empty());
  EXPECT_EQ(review.request->old_object.text(), R"({"a":1})");
  EXPECT_TRUE(parse_admission_review(review_text("CONNECT", "")).request.ok());
}

std::string without(std::string text, const std::string& part, const std::string& instead = "") {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

struct Refusal {
  std::string text;
  std::string field;
  std::string uid;
};

TEST(AdmissionReview, IsRefusedWithThePathAndTheUidIfThatCanBeRead) {
  const std::string good = review_text("CREATE", R"(,"object":{"spec":{}})");
  ASSERT_TRUE(parse_admission_review(good).request.ok());
  const Refusal refusals[] = {
      {"", "", ""},
      {"not json", "", ""},
      {"[]", "", ""},
      {"{}", "apiVersion", ""},
      {without(good, "admission.k8s.io/v1", "admission.k8s.io/v1beta1"), "apiVersion", "u1"},
      {without(good, "AdmissionReview", "Review"), "kind", "u1"},
      {R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"})", "request", ""},
      {R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null})", "request", ""},
      {R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":7})", "request", ""},
      {without(good, R"("uid":"u1")", R"("uid":"")"), "request.uid", ""},
      {without(good, R"("uid":"u1")", R"("uid":7)"), "request.uid", ""},
      {without(good, R"("uid":"u1")", R"("uid":"u1","uid":"u2")"), "request.uid", ""},
      {without(good, "CREATE", "create"), "request.operation", "u1"},
      {without(good, "CREATE", ""), "request.operation", "u1"},
      {without(good, R"("kind":"Service")", R"("kind":"")"), "request.kind.kind", "u1"},
      {without(good, R"("version":"v1","kind")", R"("kind")"), "request.kind.version", "u1"},
      {without(good, R"("resource":"services")", R"("resource":"")"), "request.resource.resource", "u1"},
      {without(good, R"("object":{"spec":{}})", R"("object":null)"), "request.object", "u1"},
      {without(good, R"({"spec":{}})", R"({"spec":{"port":1,"port":2}})"), "request.object.spec.port", "u1"},
      {review_text("UPDATE", R"(,"object":{})"), "request.oldObject", "u1"},
      {review_text("UPDATE", R"(,"oldObject":{})"), "request.object", "u1"},
      {review_text("DELETE", ""), "request.oldObject", "u1"},
      {review_text("CREATE", R"(,"object":{},"dryRun":"yes")"), "request.dryRun", "u1"},
      {review_text("CREATE", R"(,"object":{},"namespace":5)"), "request.namespace", "u1"},
      {review_text("CREATE", R"(,"object":{},"userInfo":{"groups":["a",1]})"), "request.userInfo.groups[1]",
       "u1"},
  };
  for (const Refusal& refusal : refusals) {
    const ParsedReview review = parse_admission_review(refusal.text);
    ASSERT_FALSE(review.request.ok()) << refusal.text;
    EXPECT_EQ(review.request.error().code, Code::kMalformed) << refusal.text;
    EXPECT_EQ(review.request.error().field, refusal.field) << refusal.text;
    EXPECT_FALSE(review.request.error().message.empty());
    EXPECT_EQ(review.uid, refusal.uid) << refusal.text;
  }
}

TEST(AdmissionReview, SurvivesBodiesMadeToKill) {
  std::string deep = R"({"request":{"uid":"u1","object":)";
  for (int i = 0; i < 200'000; ++i) deep += R"({"a":)";
  EXPECT_FALSE(parse_admission_review(deep).request.ok());
  const std::string number = "0." + std::string(408, '0') + "e-2147483639";
  EXPECT_TRUE(
      parse_admission_review(review_text("CREATE", R"(,"object":{"x":)" + number + "}")).request.ok());
}

TEST(AdmissionReview, AnswersAllowedWithoutAStatus) {
  AdmissionReviewResponse response;
  response.uid = "u1";
  response.allowed = true;
  EXPECT_EQ(write_admission_review(response),
            R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",)"
            R"("response":{"uid":"u1","allowed":true}})");
}

TEST(AdmissionReview, AnswersDeniedWithEveryWord) {
  AdmissionReviewResponse response;
  response.uid = "u1";
  response.message = "port 5432 (PostgreSQL) is internal:\n  Service data/web -> \"pg\"\n  fix: ClusterIP";
  response.warnings = {"first", "second"};
  response.audit_annotations = {{"policy", "control-plane"}};
  EXPECT_EQ(
      write_admission_review(response),
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",)"
      R"("response":{"uid":"u1","allowed":false,"status":{"code":403,"reason":"Forbidden",)"
      R"("message":"port 5432 (PostgreSQL) is internal:\n  Service data/web -> \"pg\"\n  fix: ClusterIP"},)"
      R"("warnings":["first","second"],"auditAnnotations":{"policy":"control-plane"}}})");
}

TEST(AdmissionReview, AnswersValidJsonWhateverTheMessageHolds) {
  AdmissionReviewResponse response;
  response.uid = "\xFF\"";
  response.message = std::string("\x00\x1F\xED\xA0\x80", 5);
  response.warnings = {"\xC3"};
  EXPECT_TRUE(json::parse_tree(write_admission_review(response)).ok());
}

}  // namespace
}  // namespace berth::wire
