// Answers of a real API server (v1.36) and what they mean to a caller.
#include "kube/wire/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::wire {
namespace {

using ::testing::HasSubstr;

constexpr char kTaken[] =
    R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Service \"web\" is )"
    R"(invalid: spec.ports[1].nodePort: Invalid value: 24511: provided port is already allocated",)"
    R"("reason":"Invalid","details":{"name":"web","kind":"Service","causes":[{"reason":"FieldValueInvalid",)"
    R"("message":"Invalid value: 24511: provided port is already allocated","field":"spec.ports[1].nodePort"}]},)"
    R"("code":422})";

http::Response answer(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string status_text(int code, const std::string& reason, const std::string& message,
                        const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
         R"(","reason":")" + reason + R"(","details":)" + details + R"(,"code":)" + std::to_string(code) +
         "}";
}

TEST(ApiStatus, IsReadWithItsCauses) {
  const auto status = parse_status(kTaken);
  ASSERT_TRUE(status.ok());
  ApiStatus expected;
  expected.code = 422;
  expected.status = "Failure";
  expected.reason = "Invalid";
  expected.message =
      "Service \"web\" is invalid: spec.ports[1].nodePort: Invalid value: 24511: provided port is already "
      "allocated";
  expected.kind = "Service";
  expected.name = "web";
  expected.causes = {{"FieldValueInvalid", "spec.ports[1].nodePort",
                      "Invalid value: 24511: provided port is already allocated"}};
  EXPECT_EQ(*status, expected);
}

TEST(ApiStatus, IsNotMadeOfOtherThings) {
  EXPECT_EQ(parse_status(R"({"kind":"Service"})").error().field, "kind");
  EXPECT_EQ(parse_status("{}").error().field, "kind");
  EXPECT_FALSE(parse_status("Too many requests").ok());
  EXPECT_EQ(parse_status(R"({"kind":"Status","code":"409"})").error().field, "code");
}

TEST(ApiStatus, BoundsTheWaitItIsToldToMake) {
  EXPECT_EQ(parse_status(R"({"kind":"Status","details":{"retryAfterSeconds":5}})")->retry_after_seconds, 5);
  EXPECT_EQ(parse_status(R"({"kind":"Status","details":{"retryAfterSeconds":-5}})")->retry_after_seconds, 0);
  EXPECT_EQ(
      parse_status(R"({"kind":"Status","details":{"retryAfterSeconds":2000000000}})")->retry_after_seconds,
      3600);
}

struct Case {
  int status;
  std::string body;
  Code code;
};

TEST(ErrorFrom, TellsApartWhatACallerDoesDifferently) {
  const Case cases[] = {
      {400, status_text(400, "BadRequest", "strict decoding error"), Code::kInvalid},
      {401, status_text(401, "Unauthorized", "Unauthorized"), Code::kForbidden},
      {403, status_text(403, "Forbidden", "services is forbidden"), Code::kForbidden},
      {404, status_text(404, "NotFound", "services \\\"web\\\" not found"), Code::kNotFound},
      {404, "404 page not found", Code::kNotFound},
      {405, status_text(405, "MethodNotAllowed", "no"), Code::kInvalid},
      {406, status_text(406, "NotAcceptable", "only the following media types"), Code::kInvalid},
      {408, "", Code::kTimeout},
      {409, status_text(409, "AlreadyExists", "services \\\"web\\\" already exists"), Code::kExists},
      {409, status_text(409, "Conflict", "the object has been modified"), Code::kConflict},
      {409, status_text(409, "Conflict", "Apply failed with 1 conflict"), Code::kConflict},
      {409, "", Code::kConflict},
      {410, status_text(410, "Expired", "The provided continue parameter is too old"), Code::kGone},
      {410, "", Code::kGone},
      {413, status_text(413, "RequestEntityTooLarge", "limit is 3145728"), Code::kInvalid},
      {415, status_text(415, "UnsupportedMediaType", "no"), Code::kInvalid},
      {422, kTaken, Code::kInvalid},
      {422,
       status_text(422, "Invalid", "metadata.uid: Invalid value",
                   R"({"causes":[{"reason":"FieldValueInvalid","message":"field is immutable",)"
                   R"("field":"metadata.uid"}]})"),
       Code::kConflict},
      {429, "Too many requests, please try again later.\n", Code::kThrottled},
      {429, status_text(429, "TooManyRequests", "slow down"), Code::kThrottled},
      {500, status_text(500, "InternalError", "failed to allocate requested HealthCheck NodePort 30987"),
       Code::kUnavailable},
      {500, status_text(500, "InternalError", "etcdserver: request is too large"), Code::kInvalid},
      {502, "<html>", Code::kUnavailable},
      {503, "", Code::kUnavailable},
      {504, status_text(504, "Timeout", "the server was unable to return a response in the time allotted"),
       Code::kTimeout},
      {504,
       status_text(
           504, "Timeout", "Timeout: Too large resource version: 99, current: 12",
           R"({"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]})"),
       Code::kGone},
      {504, "", Code::kTimeout},
      {302, "", Code::kUnavailable},
  };
  for (const Case& c : cases) {
    const Error error = error_from(answer(c.status, c.body));
    EXPECT_STREQ(to_string(error.code), to_string(c.code)) << c.status << " " << c.body;
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(ErrorFrom, BelievesTheResponseRatherThanItsBody) {
  EXPECT_EQ(error_from(answer(503, status_text(404, "NotFound", "x"))).code, Code::kUnavailable);
}

TEST(ErrorFrom, KeepsTheFieldAndTheServersWords) {
  const Error error = error_from(answer(422, kTaken));
  EXPECT_EQ(error.field, "spec.ports[1].nodePort");
  EXPECT_THAT(error.message, HasSubstr("Invalid value: 24511: provided port is already allocated"));
}

TEST(ErrorFrom, ReadsTheWaitFromHeaderOrStatus) {
  http::Response plain = answer(429, "Too many requests, please try again later.\n");
  plain.headers["retry-after"] = "1";
  EXPECT_EQ(error_from(plain).retry_after_seconds, 1);
  EXPECT_THAT(error_from(plain).message, HasSubstr("Too many requests, please try again later."));
  http::Response both =
      answer(503, status_text(503, "ServiceUnavailable", "starting", R"({"retryAfterSeconds":9})"));
  EXPECT_EQ(error_from(both).retry_after_seconds, 9);
  both.headers["retry-after"] = "5";
  EXPECT_EQ(error_from(both).retry_after_seconds, 5);
  http::Response date = answer(503, "");
  date.headers["retry-after"] = "Sat, 21 Nov 2026 08:00:00 GMT";
  EXPECT_EQ(error_from(date).retry_after_seconds, 0);
}

TEST(ErrorFrom, SaysSomethingWhenTheServerSaidNothing) {
  ApiStatus status;
  status.code = 500;
  EXPECT_EQ(error_from(status).message, "the API server answered 500 without a reason");
  status.reason = "InternalError";
  EXPECT_EQ(error_from(status).message, "the API server answered 500 InternalError");
}

Error invalid(std::string field, std::string message) {
  return Error{Code::kInvalid, std::move(message), std::move(field)};
}

TEST(NodePortRefusal, SaysWhichPortAndWhetherWaitingHelps) {
  using Why = NodePortRefusal::Why;
  EXPECT_EQ(node_port_refusal(error_from(answer(422, kTaken))), (NodePortRefusal{1, Why::kTaken}));
  EXPECT_EQ(node_port_refusal(invalid("spec.ports[12].nodePort",
                                      "Invalid value: 40000: provided port is not in the valid range. The "
                                      "range of valid ports is 24000-32767")),
            (NodePortRefusal{12, Why::kOutOfRange}));
  EXPECT_EQ(
      node_port_refusal(invalid("spec.ports[0].nodePort", "may not be used when `type` is 'ClusterIP'")),
      (NodePortRefusal{0, Why::kOther}));
}

TEST(NodePortRefusal, TellsTheRangeThatTheServerNames) {
  const auto said = [](const std::string& range) {
    return valid_node_ports(
        "spec.ports[0].nodePort: Invalid value: 1: provided port is not in the valid range. "
        "The range of valid ports is " +
        range);
  };
  EXPECT_EQ(said("30000-32767"), (PortSpan{Port::of(30000), Port::of(32767)}));
  EXPECT_EQ(said("24000-24999, I think"), (PortSpan{Port::of(24000), Port::of(24999)}));
  for (const char* unreadable : {"", "-", "0-5", "9-1", "70000-70001", "30000-32767-1"}) {
    EXPECT_EQ(said(unreadable), std::nullopt) << unreadable;
  }
  EXPECT_EQ(valid_node_ports("provided port is already allocated"), std::nullopt);
}

TEST(NodePortRefusal, IsNothingElse) {
  for (const char* field : {"", "spec.ports[0].port", "spec.ports[].nodePort", "spec.ports[x].nodePort",
                            "spec.ports[-1].nodePort", "spec.ports[0].nodePorts", "spec.ports[1]x].nodePort",
                            "spec.ports[99999999999999999999].nodePort", "spec.ports[.nodePort"}) {
    EXPECT_EQ(node_port_refusal(invalid(field, "provided port is already allocated")), std::nullopt) << field;
  }
  EXPECT_EQ(node_port_refusal(
                Error{Code::kConflict, "provided port is already allocated", "spec.ports[0].nodePort"}),
            std::nullopt);
}

}  // namespace
}  // namespace berth::wire
