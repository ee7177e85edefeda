#include "kube/json/alb_action.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::json {
namespace {

// "db:5432 web:http", or the error.
std::string read(std::string_view text) {
  const auto references = read_alb_action(text);
  if (!references.ok()) return "error: " + references.error().field;
  std::string all;
  for (const ServiceReference& one : *references) {
    all += (all.empty() ? "" : " ") + one.service + ":" + to_string(one.port);
  }
  return all;
}

TEST(AlbAction, LeadsToTheServicesOfItsTargetGroups) {
  EXPECT_EQ(
      read(
          R"({"type":"forward","forwardConfig":{"targetGroups":[)"
          R"({"serviceName":"db","servicePort":5432,"weight":1},{"serviceName":"web","servicePort":"http"}]}})"),
      "db:5432 web:http");
}

TEST(AlbAction, WithoutAServiceLeadsToNone) {
  for (const char* text :
       {R"({"type":"redirect","redirectConfig":{"protocol":"HTTPS","port":"443","statusCode":"HTTP_301"}})",
        R"({"type":"fixed-response","fixedResponseConfig":{"contentType":"text/plain","statusCode":"503"}})",
        R"({"type":"forward","targetGroupARN":"arn:of:somebody"})", R"({"serviceName":""})", "{}"}) {
    EXPECT_EQ(read(text), "") << text;
  }
}

TEST(AlbAction, ComparesNamesAsItsControllerDoes) {
  const char* expected = "db:5432";
  EXPECT_EQ(read(R"({"ForwardConfig":{"TargetGroups":[{"ServiceName":"db","ServicePort":"5432"}]}})"),
            expected);
  EXPECT_EQ(read(R"({"forwardconfig":{"TARGETGROUPS":[{"SERVICENAME":"db","serviceport":5432}]}})"),
            expected);
  EXPECT_EQ(
      read(
          "{\"forwardConfig\":{\"targetGroups\":[{\"\u017ferviceName\":\"db\",\"\u017fervicePort\":5432}]}}"),
      expected);
}

TEST(AlbAction, OfSeveralSpellingsMeansAll) {
  EXPECT_EQ(read(R"({"serviceName":"web","ServiceName":"db","servicePort":5432})"), "db:5432 web:5432");
}

TEST(AlbAction, SaysWhatItCannotRead) {
  EXPECT_EQ(read(R"({"serviceName":5})"), "error: serviceName");
  EXPECT_EQ(read(R"({"serviceName":"db","servicePort":{}})"), "error: servicePort");
  EXPECT_TRUE(read("").starts_with("error"));
  EXPECT_TRUE(read("{").starts_with("error"));
  EXPECT_TRUE(read(R"({"a":1,"a":2})").starts_with("error"));
}

}  // namespace
}  // namespace berth::json
