#include "kube/client/access_reviews.h"

#include <gtest/gtest.h>

namespace berth::client {
namespace {

constexpr std::chrono::milliseconds kDeadline{1'000};

// Answers what it is told, and keeps what was asked.
class Scripted final : public http::Transport {
 public:
  explicit Scripted(http::Response answer) : answer_(std::move(answer)) {}
  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds) override {
    asked = request;
    return answer_;
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request&, std::chrono::milliseconds) override {
    return malformed("nobody streams here");
  }
  http::Request asked;

 private:
  http::Response answer_;
};

const http::Requester kPrometheus{"system:serviceaccount:monitoring:prometheus",
                                  "u1",
                                  {"system:serviceaccounts", "system:authenticated"},
                                  {{"authentication.kubernetes.io/pod-name", {"prometheus-0"}}}};

TEST(TokenReview, TellsWhoseATokenIs) {
  Scripted server({201, {}, R"({"kind":"TokenReview","status":{"authenticated":true,"user":{
      "username":"system:serviceaccount:monitoring:prometheus","uid":"u1",
      "groups":["system:serviceaccounts","system:authenticated"],
      "extra":{"authentication.kubernetes.io/pod-name":["prometheus-0"]}}}})"});
  const auto requester = review_token(server, "t0ken", kDeadline);
  ASSERT_TRUE(requester.ok());
  EXPECT_EQ(*requester, kPrometheus);
  EXPECT_EQ(server.asked.method, "POST");
  EXPECT_TRUE(server.asked.target.starts_with("/apis/authentication.k8s.io/v1/tokenreviews"));
  EXPECT_EQ(server.asked.body,
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"t0ken"}})");
}

TEST(TokenReview, OfAWrongTokenNamesNobody) {
  for (const char* status :
       {R"({"status":{"authenticated":false,"error":"invalid bearer token"}})", R"({"status":{"error":"x"}})",
        R"({})", R"({"status":{"authenticated":"true"}})"}) {
    Scripted server({201, {}, status});
    EXPECT_EQ(review_token(server, "t", kDeadline).value(), std::nullopt) << status;
  }
}

TEST(TokenReview, ThatCannotBeMadeIsAnErrorThatDoesNotShowTheToken) {
  for (const http::Response& answer :
       {http::Response{403, {}, R"({"kind":"Status","message":"forbidden","code":403})"},
        http::Response{500, {}, ""}, http::Response{201, {}, "no JSON"}}) {
    Scripted server(answer);
    const auto requester = review_token(server, "s3cret", kDeadline);
    ASSERT_FALSE(requester.ok());
    EXPECT_EQ(requester.error().message.find("s3cret"), std::string::npos);
  }
}

TEST(SubjectAccessReview, AsksForEverythingThatIsKnownOfHim) {
  Scripted server({201, {}, R"({"status":{"allowed":true}})"});
  EXPECT_TRUE(review_access(server, kPrometheus, "/metrics", "get", kDeadline).value());
  EXPECT_TRUE(server.asked.target.starts_with("/apis/authorization.k8s.io/v1/subjectaccessreviews"));
  EXPECT_EQ(server.asked.body,
            R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{)"
            R"("extra":{"authentication.kubernetes.io/pod-name":["prometheus-0"]},)"
            R"("groups":["system:serviceaccounts","system:authenticated"],)"
            R"("nonResourceAttributes":{"path":"/metrics","verb":"get"},)"
            R"("uid":"u1","user":"system:serviceaccount:monitoring:prometheus"}})");
}

TEST(SubjectAccessReview, AllowsOnlyWhatTheServerSaysIsAllowed) {
  for (const char* status : {R"({"status":{"allowed":false}})",
                             R"({"status":{"allowed":true,"denied":true}})", R"({"status":{}})", R"({})"}) {
    Scripted server({201, {}, status});
    EXPECT_FALSE(review_access(server, kPrometheus, "/metrics", "get", kDeadline).value()) << status;
  }
  Scripted broken({503, {}, ""});
  EXPECT_FALSE(review_access(broken, kPrometheus, "/metrics", "get", kDeadline).ok());
}

}  // namespace
}  // namespace berth::client
