// What is read, what is refused and in which words: the part of the codec that is the same for every kind.
#include "kube/json/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "core/model/port_ledger.h"
#include "core/model/service.h"
#include "kube/json/codec.h"

namespace berth::json {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Error error_of(std::string_view text) {
  const auto result = decode<Service>(text);
  if (result.ok()) return Error{Code::kCancelled, "decoded"};
  return result.error();
}

// A Service with one port whose member is replaced.
std::string with_port(const std::string& member) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"ports":[{"port":80},)"
         R"({"port":443},{)" +
         member + "}]}}";
}

// Of a member of the port that with_port() writes.
struct Refusal {
  std::string member;
  std::string field;  // below spec.ports[2]
  std::string message;
};

TEST(Reader, NamesFieldValueAndWhatWouldBeRight) {
  const Refusal refusals[] = {
      {R"("port":"5432")", "port", "'5432' is a string; write the number without quotes, 5432"},
      {R"("port":"http")", "port", "'http' is a string; write a whole number"},
      {R"("port":5432.0)", "port", "5432.0 is not a whole number; write digits only, as in 5432"},
      {R"("port":5.432e3)", "port", "5432.0 is not a whole number; write digits only, as in 5432"},
      {R"("port":4294967376)", "port",
       "4294967376 is out of range; write a whole number from -2147483648 to 2147483647"},
      {R"("port":18446744073709551615)", "port",
       "18446744073709551615 is out of range; write a whole number from -2147483648 to 2147483647"},
      {R"("port":-2147483649)", "port",
       "-2147483649 is out of range; write a whole number from -2147483648 to 2147483647"},
      {R"("nodePort":true)", "nodePort", "true is a boolean; write a whole number"},
      {R"("nodePort":{})", "nodePort", "this is an object; write a whole number"},
      {R"("nodePort":[1])", "nodePort", "this is a list; write a whole number"},
      {R"("name":80)", "name", "80 is not a string; write it in quotes, \"80\""},
      {R"("name":false)", "name", "false is not a string; write it in quotes, \"false\""},
      {R"("name":[])", "name", "this is a list; write a string"},
      {R"("protocol":"tcp")", "protocol", "'tcp' is not a protocol: write TCP, UDP or SCTP"},
      {R"("protocol":6)", "protocol", "6 is not a string; write it in quotes, \"6\""},
      {R"("targetPort":true)", "targetPort",
       "true is a boolean; write a port number or the name of a container port"},
      {R"("targetPort":80.5)", "targetPort", "80.5 is not a whole number; write digits only, as in 5432"},
      {R"("targetPort":4294967376)", "targetPort",
       "4294967376 is out of range; write a whole number from -2147483648 to 2147483647"},
      {R"("port":1,"port":1)", "port", "this key stands twice in one object; keep one of them"},
      {R"("port":1,"p\u006frt":2)", "port", "this key stands twice in one object; keep one of them"},
      {R"("x":{"deep":[[{"a.b/c":1,"a.b/c":2}]]})", "x.deep[0][0][a.b/c]",
       "this key stands twice in one object; keep one of them"},
  };
  for (const Refusal& refusal : refusals) {
    const std::string field = "spec.ports[2]." + refusal.field;
    EXPECT_EQ(error_of(with_port(refusal.member)), malformed(field + ": " + refusal.message, field))
        << refusal.member;
  }
}

TEST(Reader, NamesThePathOfWrongContainers) {
  EXPECT_EQ(error_of(R"({"spec":[]})").message, "spec: this is a list; write an object");
  EXPECT_EQ(error_of(R"({"spec":"x"})").message, "spec: 'x' is a string; write an object");
  EXPECT_EQ(error_of(R"({"spec":{"ports":{}}})").message, "spec.ports: this is an object; write a list");
  EXPECT_EQ(error_of(R"({"spec":{"ports":[[]]}})").message, "spec.ports[0]: this is a list; write an object");
  EXPECT_EQ(error_of(R"({"spec":{"ports":[null]}})").message, "spec.ports[0]: this is null; write an object");
  EXPECT_EQ(error_of(R"({"spec":{"externalIPs":["10.0.0.1",7]}})").message,
            "spec.externalIPs[1]: 7 is not a string; write it in quotes, \"7\"");
  EXPECT_EQ(error_of(R"({"metadata":{"labels":{"app.kubernetes.io/name":7}}})").message,
            "metadata.labels[app.kubernetes.io/name]: 7 is not a string; write it in quotes, \"7\"");
  EXPECT_EQ(error_of(R"({"spec":{"allocateLoadBalancerNodePorts":"false"}})").message,
            "spec.allocateLoadBalancerNodePorts: 'false' is a string; write true or false without quotes");
}

// Of all lengths; from the twentieth on with the same beginning, the same end and the same length.
std::string key_number(std::size_t number) {
  if (number < 20) return std::string(number, 'k');
  return "beginning-" + std::string(1, static_cast<char>('A' + number - 20)) +
         "-of-which-the-end-is-the-same";
}

TEST(Reader, FindsTheKeyThatStandsTwiceAmongManyWhereverItStands) {
  for (const std::size_t count : {2U, 7U, 16U, 17U, 40U}) {
    std::string members;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) members += ',';
      members += '"' + key_number(i) + "\":1";
    }
    EXPECT_EQ(error_of("{\"x\":{" + members + "}}").message, "decoded") << count;
    for (std::size_t again = 1; again < count; ++again) {  // the first has no name
      const std::string key = key_number(again);
      const std::string text = "{\"x\":{" + members + ",\"" + key + "\":2}}";
      EXPECT_EQ(error_of(text).message,
                "x." + key + ": this key stands twice in one object; keep one of them")
          << count;
    }
  }
}

TEST(Reader, CountsNullAsAbsent) {
  const auto service = decode<Service>(
      R"({"apiVersion":null,"kind":"Service","metadata":{"name":"a","creationTimestamp":null,"labels":null},)"
      R"("spec":{"selector":{"app":null},"ports":[{"port":80,"protocol":null,"targetPort":null}],)"
      R"("allocateLoadBalancerNodePorts":null},"status":null})");
  ASSERT_TRUE(service.ok()) << service.error().message;
  Service expected;
  expected.meta.name = "a";
  expected.selector = {{"app", ""}};
  expected.ports.emplace_back().port = 80;
  EXPECT_EQ(*service, expected);
}

TEST(Reader, IgnoresWhatTheModelDoesNotHave) {
  EXPECT_TRUE(
      decode<Service>(R"({"spec":{"ipFamilies":["IPv4"],"Ports":"not ours","sessionAffinity":7}})").ok());
}

TEST(Reader, TakesTheLimitsOfTheApisIntegers) {
  for (const char* number : {"-2147483648", "2147483647", "0", "-0", "70968", "-1"}) {
    const auto service = decode<Service>(with_port(std::string("\"port\":") + number));
    ASSERT_TRUE(service.ok()) << service.error().message;
    EXPECT_EQ(service->ports[2].port, std::stoll(number));
  }
  const auto ledger = decode<PortLedger>(R"({"spec":{"fence":9223372036854775807}})");
  ASSERT_TRUE(ledger.ok());
  EXPECT_EQ(ledger->spec.fence, 9223372036854775807LL);
  EXPECT_EQ(decode<PortLedger>(R"({"spec":{"fence":9223372036854775808}})").error().field, "spec.fence");
}

TEST(Reader, RefusesWhatIsNoDocument) {
  const std::pair<std::string, std::string> refusals[] = {
      {"", "the document is empty"},
      {"  \n", "the document is empty"},
      {"\xEF\xBB\xBF{}", "the document begins with a byte order mark: JSON has none"},
      {R"({"metadata":{"name":")"
       "\xC3\x28\"}}",
       "the document is not valid UTF-8"},
      {R"({"kind":"\ud800"})", "the document is not JSON"},
      {R"({"a":1}{"b":2})", "the document is not JSON"},
      {R"({"a":1}x)", "the document is not JSON"},
      {R"({"a":1,})", "the document is not JSON"},
      {R"({"a":01})", "the document"},
      {R"({"a":+1})", "the document is not JSON"},
      {R"({"a":0x10})", "the document"},
      {R"({"a":NaN})", "the document is not JSON"},
      {R"({"a":1 /* no */})", "the document is not JSON"},
      {"{'a':1}", "the document is not JSON"},
      {R"({"a")", "the document is not JSON"},
      {"{\"a\":\"line\nbreak\"}", "the document is not JSON"},
      {R"({"a":1e400})", "the document has a number that is not JSON or fits no 64 bits"},
      {R"({"a":123456789012345678901234567890})",
       "the document has a number that is not JSON or fits no 64 bits"},
      {"[]", "this is a list; write an object"},
      {"5", "5 is a number; write an object"},
      {"null", "this is null; write an object"},
  };
  for (const auto& [text, message] : refusals) {
    const Error error = error_of(text);
    EXPECT_EQ(error.code, Code::kMalformed) << text;
    EXPECT_THAT(error.message, StartsWith(message)) << text;
    EXPECT_EQ(error.field, "") << text;
  }
}

TEST(Reader, RefusesTheSizeBeforeReadingAnything) {
  const std::string text(kMaxDocumentBytes + 1, ' ');
  EXPECT_EQ(error_of(text).message, "the document has 67108865 bytes; at most 67108864 are read");
}

std::string nested(int lists) {
  const auto depth = static_cast<std::size_t>(lists);
  return R"({"a":)" + std::string(depth, '[') + "1" + std::string(depth, ']') + "}";
}

TEST(Reader, ReadsTheAllowedDepthAndNoMore) {
  EXPECT_TRUE(decode<Service>(nested(kMaxDepth - 1)).ok());
  for (const int lists : {kMaxDepth, 1000, 1'000'000}) {
    EXPECT_EQ(error_of(nested(lists)).message, "the document is nested deeper than 128 levels") << lists;
  }
  EXPECT_EQ(error_of(std::string(1'000'000, '[')).code, Code::kMalformed);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_EQ(error_of(objects + "1" + std::string(100'000, '}')).message,
            "the document is nested deeper than 128 levels");
}

// Kills RapidJSON 1.1 (CVE-2024-38517); one request body of 421 bytes.
TEST(Reader, SurvivesNumbersThatKilledOtherParsers) {
  const std::string exponent = "0." + std::string(408, '0') + "e-2147483639";
  ASSERT_EQ(exponent.size(), 422U);
  const auto service = decode<Service>(R"({"x":)" + exponent + "}");
  EXPECT_TRUE(service.ok());
  EXPECT_EQ(error_of(with_port("\"port\":" + exponent)).field, "spec.ports[2].port");
  EXPECT_TRUE(decode<Service>(R"({"x":128.74836467836484838364836483643636483648e-336})").ok());
  EXPECT_FALSE(decode<Service>("{\"x\":" + std::string(100'000, '9') + "}").ok());
}

TEST(Reader, ReadsLongListsInOnePass) {
  std::string text = R"({"spec":{"ports":[)";
  constexpr int kPorts = 50'000;
  for (int i = 0; i < kPorts; ++i)
    text += (i == 0 ? "" : ",") + std::string(R"({"port":)") + std::to_string(i) + "}";
  text += "]}}";
  const auto service = decode<Service>(text);
  ASSERT_TRUE(service.ok());
  ASSERT_EQ(service->ports.size(), static_cast<std::size_t>(kPorts));
  EXPECT_EQ(service->ports.back().port, kPorts - 1);
}

// Quadratic work on 100 000 keys would take minutes.
TEST(Reader, FindsTheDuplicateAmongManyKeys) {
  std::string text = R"({"metadata":{"labels":{)";
  constexpr int kKeys = 100'000;
  for (int i = 0; i < kKeys; ++i) text += "\"k" + std::to_string(i) + "\":\"\",";
  EXPECT_TRUE(decode<Service>(text + R"("last":""}}})").ok());
  EXPECT_EQ(error_of(text + R"("k7":""}}})").field, "metadata.labels.k7");
}

TEST(Reader, KeepsErrorsShortAndPrintable) {
  const std::string long_text(5000, 'x');
  const Error value = error_of(with_port("\"port\":\"" + long_text + "\""));
  EXPECT_LT(value.message.size(), 200U);
  const Error key = error_of("{\"metadata\":{\"labels\":{\"" + long_text + "\":1}}}");
  EXPECT_LT(key.message.size(), 500U);
  const Error control = error_of(with_port(R"("port":"a\nb\u001b[2J")"));
  EXPECT_THAT(control.message, HasSubstr("'a?b?[2J' is a string"));
  const Error cut = error_of(with_port("\"port\":\"" + std::string(63, 'x') + "\xC3\xA4\""));
  EXPECT_THAT(cut.message, HasSubstr(std::string(63, 'x') + "...'"));
}

TEST(Reader, StopsAtTheFirstError) {
  EXPECT_EQ(error_of(R"({"metadata":{"name":1,"namespace":2},"spec":3})").field, "metadata.name");
}

TEST(SalvageText, ReadsOneFieldOfARefusedDocument) {
  EXPECT_EQ(salvage_text(R"({"request":{"uid":"u1","a":1,"a":2},"x":1,"x":2})", {"request", "uid"}), "u1");
  EXPECT_EQ(salvage_text(R"({"request":{"uid":"u1","uid":"u2"}})", {"request", "uid"}), "");
  EXPECT_EQ(salvage_text(R"({"request":{"uid":"u1"},"request":{"uid":"u2"}})", {"request", "uid"}), "");
  EXPECT_EQ(salvage_text(R"({"request":{"uid":7}})", {"request", "uid"}), "");
  EXPECT_EQ(salvage_text(R"({"request":7})", {"request", "uid"}), "");
  EXPECT_EQ(salvage_text(R"({"request":)", {"request", "uid"}), "");
  EXPECT_EQ(salvage_text("", {"request"}), "");
}

}  // namespace
}  // namespace berth::json
