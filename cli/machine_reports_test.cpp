#include "cli/machine_reports.h"

#include <gtest/gtest.h>
#include <string>

#include "cli/report.h"

namespace berth::cli {
namespace {

Entry entry(std::string object, Decision decision, std::string rule = "", std::string message = "") {
  Entry made;
  made.object = std::move(object);
  made.file = "a,b/web.yaml";
  made.line = 7;
  made.finding.decision = decision;
  made.finding.rule = std::move(rule);
  made.finding.policy = decision == Decision::kAllow ? "" : "control-plane";
  made.finding.message = std::move(message);
  if (!made.finding.message.empty()) {
    made.finding.path = "Service data/web port 443 -> ?";
    made.finding.fix = "make it \"ClusterIP\" & stay";
    made.finding.port = 5432;
    made.finding.protocol = "TCP";
  }
  return made;
}

Report report() {
  Report made;
  made.entries = {entry("Service data/web", Decision::kDeny, "internal-port", "port 5432 is <internal>"),
                  entry("Service data/web", Decision::kUnknown, "unresolved", "not known"),
                  entry("Service data/ok", Decision::kAllow)};
  made.judged = 2;
  made.denied = 1;
  return made;
}

TEST(Sarif, HasAResultForEachFindingAndARuleForEachId) {
  const std::string text = to_sarif(report());
  EXPECT_EQ(
      text.find(R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[)"),
      0U);
  EXPECT_NE(text.find(R"("rules":[{"id":"internal-port","shortDescription":{"text":)"), std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          R"({"ruleId":"internal-port","level":"error","message":{"text":"Service data/web: port 5432 is <internal>: )"
          R"(Service data/web port 443 -> ?; fix: make it \"ClusterIP\" & stay"},"locations":[{"physicalLocation":)"
          R"({"artifactLocation":{"uri":"a,b/web.yaml"},"region":{"startLine":7}}}]})"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(R"({"ruleId":"unresolved","level":"warning")"), std::string::npos);
  EXPECT_EQ(text.find("data/ok"), std::string::npos);
}

TEST(Sarif, OfWhatIsOnlyAuditedHasANote) {
  Report made = report();
  made.entries[0].finding.audit_only = true;
  made.entries[0].line = 0;
  const std::string text = to_sarif(made);
  EXPECT_NE(text.find(R"("level":"note")"), std::string::npos);
  EXPECT_NE(text.find(R"("startLine":1)"), std::string::npos) << "SARIF has no line 0";
}

TEST(Junit, HasATestCaseForEachObject) {
  EXPECT_EQ(to_junit(report()), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="berth lint" tests="2" failures="1">
    <testcase name="Service data/web" classname="a,b/web.yaml" line="7">
      <failure type="internal-port" message="port 5432 is &lt;internal&gt;">Service data/web port 443 -&gt; ?&#10;fix: make it &quot;ClusterIP&quot; &amp; stay</failure>
      <system-out>not known: Service data/web port 443 -&gt; ?; fix: make it &quot;ClusterIP&quot; &amp; stay</system-out>
    </testcase>
    <testcase name="Service data/ok" classname="a,b/web.yaml" line="7">
    </testcase>
  </testsuite>
</testsuites>
)");
}

// A manifest must not be able to write into the log of whoever checks it.
TEST(Github, AnnotatesEachFindingAndEscapesWhatEndsACommand) {
  Report made = report();
  made.entries[0].finding.message = "50%\n::set-output name=a::b\x1b[2J";
  EXPECT_EQ(to_github(made),
            "::error file=a%2Cb/web.yaml,line=7,title=Service data/web (internal-port)::50%25%0A::set-output "
            "name=a::b?[2J%0AService data/web port 443 -> ?%0Afix: make it \"ClusterIP\" & stay\n"
            "::warning file=a%2Cb/web.yaml,line=7,title=Service data/web (unresolved)::not known%0AService "
            "data/web "
            "port 443 -> ?%0Afix: make it \"ClusterIP\" & stay\n"
            "2 objects judged: 1 denied, 0 unknown, 0 warned, 1 allowed\n");
}

TEST(Yaml, IsTheListOfTheJson) {
  Report made;
  made.entries = {entry("Service data/ok", Decision::kAllow)};
  EXPECT_EQ(to_yaml(made), R"(- object: 'Service data/ok'
  verdict: Allow
  rule: ''
  policy: ''
  port: 0
  protocol: ''
  path: ''
  message: ''
  fix: ''
  file: 'a,b/web.yaml'
  line: 7
)");
  EXPECT_EQ(to_yaml({}), "[]\n");
}

}  // namespace
}  // namespace berth::cli
