// The lint command, text in and text out, on the smallest manifests that tell the rule.
#include <algorithm>
#include <gtest/gtest.h>

#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::Files;
using testing::kPolicy;
using testing::Ran;
using testing::service;

std::string with_action(const std::string& action) {
  return "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: p}\nspec:\n  action: " +
         action + "\n  internal: [{port: 5432}]\n---\n";
}

const std::string kBalancer =
    "{type: LoadBalancer, selector: {app: web}, ports: [{port: 443, targetPort: pg}]}";

std::string stateful_set(const std::string& labels, const std::string& port, const std::string& name = "pg") {
  return "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: " + name + ", namespace: data}\n" +
         "spec: {template: {metadata: {labels: " + labels +
         "}, spec: {containers: [{name: postgres, ports: [" + port + "]}]}}}\n---\n";
}
const std::string kPg = "{name: pg, containerPort: 5432}";

// How many times each verdict of an object stands in -o json.
std::size_t count(const std::string& json, const std::string& object, const std::string& verdict) {
  const std::string wanted = "{\"object\":\"" + object + "\",\"verdict\":\"" + verdict + "\"";
  std::size_t found = 0;
  for (std::size_t at = 0; (at = json.find(wanted, at)) != std::string::npos; ++at) ++found;
  return found;
}

const std::string kRanges =
    "apiVersion: berth.dev/v1alpha1\nkind: PortRange\nmetadata: {name: hosts}\n"
    "spec: {space: HostPort, ports: [\"3000-3099\"], undeclared: Deny}\n---\n"
    "apiVersion: berth.dev/v1alpha1\nkind: PortRange\nmetadata: {name: mesh}\n"
    "spec: {space: NodePort, ports: [\"30500-30599\"]}\n---\n";
const std::string kSsh =
    "apiVersion: berth.dev/v1alpha1\nkind: PortAllocation\nmetadata: {name: ssh, namespace: data}\n"
    "spec: {rangeName: hosts, selector: {app: sshd}, ports: [{name: ssh, targetPort: 22, port: "
    "3000}]}\n---\n";

TEST(Lint, JudgesNumbersOfDeclaredRangesByTheAllocationsAmongTheFiles) {
  const std::string sshd = stateful_set("{app: sshd}", "{containerPort: 22, hostPort: 3000}", "sshd");
  const Ran undeclared = berth({"lint", "-"}, kRanges + sshd);
  EXPECT_EQ(undeclared.code, kDenied) << undeclared.err;
  EXPECT_NE(undeclared.out.find("PortRange hosts"), std::string::npos) << undeclared.out;
  EXPECT_NE(undeclared.out.find("no PortAllocation holds it"), std::string::npos) << undeclared.out;
  const Ran declared = berth({"lint", "-"}, kRanges + kSsh + sshd);
  EXPECT_EQ(declared.code, kClean) << declared.out << declared.err;
  const Ran reported = berth(
      {"lint", "-"},
      kRanges + service("{type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30500}]}"));
  EXPECT_NE(reported.code, kDenied) << reported.out;
  EXPECT_NE(reported.out.find("Warn"), std::string::npos) << reported.out;
}

TEST(Lint, RefusesARangeThatCannotBeUsed) {
  const Ran ran = berth({"lint", "-"},
                        "apiVersion: berth.dev/v1alpha1\nkind: PortRange\nmetadata: {name: hosts}\n"
                        "spec: {space: HostPort, ports: [\"99999\"]}\n");
  EXPECT_NE(ran.code, kClean);
  EXPECT_NE(ran.err.find("PortRange hosts cannot be used: spec.ports[0]"), std::string::npos) << ran.err;
}

TEST(Lint, DeniesWhatLeadsToAnInternalPortAndShowsPathAndFix) {
  const Ran ran = berth({"lint", "-"}, kPolicy + service(kBalancer) + stateful_set("{app: web}", kPg));
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out,
            "VERDICT  OBJECT               PORT      POLICY         REASON\n"
            "Deny     Service data/web     5432/TCP  control-plane  port 5432 (PostgreSQL) is internal by "
            "ExposurePolicy "
            "control-plane and would be reachable from outside the cluster\n"
            "         path: Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> StatefulSet "
            "data/pg container "
            "postgres port 5432\n"
            "         fix:  make the Service ClusterIP, or ask for an exception (kubectl berth explain "
            "--exception)\n"
            "Deny     StatefulSet data/pg  5432/TCP  control-plane  port 5432 (PostgreSQL) is internal by "
            "ExposurePolicy "
            "control-plane and would be reachable from outside the cluster\n"
            "         path: Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> StatefulSet "
            "data/pg container "
            "postgres port 5432\n"
            "         fix:  take the labels that Service data/web selects off the pods, or make Service "
            "data/web ClusterIP, "
            "or ask for an exception (kubectl berth explain --exception)\n"
            "\n"
            "2 objects judged: 2 denied, 0 unknown, 0 warned, 0 allowed; 1 object of kinds that open no way "
            "outside\n");
}

TEST(Lint, AllowsTheLookAlike) {
  const Ran ran = berth({"lint", "-"}, kPolicy + service("{ports: [{port: 443, targetPort: 5432}]}"));
  EXPECT_EQ(ran.code, kClean);
  EXPECT_EQ(ran.out,
            "VERDICT  OBJECT            PORT  POLICY  REASON\n"
            "Allow    Service data/web  -     -       -\n"
            "\n"
            "1 object judged: 0 denied, 0 unknown, 0 warned, 1 allowed; 1 object of kinds that open no way "
            "outside\n");
}

TEST(Lint, PrintsOneJsonElementPerFindingAndOnePerObjectWithoutFindings) {
  const Ran ran = berth({"lint", "-o", "json", "-"},
                        kPolicy + service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}") +
                            service("{ports: [{port: 80}]}", "inside"));
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_EQ(
      ran.out,
      "[{\"object\":\"Service "
      "data/web\",\"verdict\":\"Deny\",\"rule\":\"internal-port\",\"policy\":\"control-plane\",\"port\":5432,"
      "\"protocol\":\"TCP\",\"path\":\"Service data/web (LoadBalancer) port 443 -> targetPort 5432 (the "
      "Service "
      "has no selector)\","
      "\"message\":\"port 5432 (PostgreSQL) is internal by ExposurePolicy control-plane and would be "
      "reachable "
      "from outside the cluster\",\"fix\":\"make the Service ClusterIP, or ask for an exception (kubectl "
      "berth "
      "explain --exception)\",\"file\":\"-\",\"line\":11},"
      "{\"object\":\"Service "
      "data/inside\",\"verdict\":\"Allow\",\"rule\":\"\",\"policy\":\"\",\"port\":0,\"protocol\":\"\","
      "\"path\":\"\",\"message\":\"\",\"fix\":\"\",\"file\":\"-\",\"line\":16}]\n");
}

TEST(Lint, FailsOnWhatIsToldWhenAsked) {
  const std::string unknown = kPolicy + service(kBalancer);
  EXPECT_EQ(berth({"lint", "--fail-on", "deny", "-"}, unknown).code, kClean);
  EXPECT_EQ(berth({"lint", "--fail-on", "unknown", "-"}, unknown).code, kTold);
  EXPECT_EQ(berth({"lint", "--fail-on", "warn", "-"}, unknown).code, kTold);
  const std::string exposed = service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}");
  EXPECT_EQ(berth({"lint", "--fail-on", "unknown", "-"}, with_action("Warn") + exposed).code, kClean);
  EXPECT_EQ(berth({"lint", "--fail-on", "warn", "-"}, with_action("Warn") + exposed).code, kTold);
  EXPECT_EQ(berth({"lint", "--fail-on", "warn", "-"}, kPolicy + exposed).code, kDenied);
}

TEST(Lint, PrintsADocumentOfItsFormatAlsoWhenNothingCanBeRead) {
  for (const auto& [format, begins] : std::initializer_list<std::pair<const char*, const char*>>{
           {"json", "[]"}, {"yaml", "[]"}, {"sarif", "{\"$schema\""}, {"junit", "<?xml"}, {"github", ""}}) {
    const Ran ran = berth({"lint", "-o", format, "-"}, "a: b: c");
    EXPECT_EQ(ran.code, kUnreadable) << format;
    EXPECT_EQ(ran.out.find(begins), 0U) << ran.out;
    EXPECT_FALSE(ran.err.empty());
  }
}

TEST(Lint, LeavesTheExitCodeCleanForUnknownAndWarn) {
  const Ran unknown = berth({"lint", "-o", "json", "-"}, kPolicy + service(kBalancer));
  EXPECT_EQ(unknown.code, kClean) << unknown.out;
  EXPECT_EQ(count(unknown.out, "Service data/web", "Unknown"), 1U) << unknown.out;
  const std::string exposed = service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}");
  const Ran warned = berth({"lint", "-o", "json", "-"}, with_action("Warn") + exposed);
  EXPECT_EQ(warned.code, kClean) << warned.out;
  EXPECT_GE(count(warned.out, "Service data/web", "Warn"), 1U) << warned.out;
  const Ran audited = berth({"lint", "-o", "json", "-"}, with_action("Audit") + exposed);
  EXPECT_EQ(audited.code, kClean) << audited.out;
  EXPECT_NE(audited.out.find("\"message\":\"only audited: port 5432"), std::string::npos) << audited.out;
}

TEST(Lint, ReadsEverySpellingOfTheNumber) {
  for (const char* spelling :
       {"0x1538", "012470", "0b1010100111000", "5_432", "5432.0", "5.432e3", "+5432", "\"5432\""}) {
    const Ran ran =
        berth({"lint", "-"}, kPolicy + service(std::string("{type: LoadBalancer, ports: [{port: 443, "
                                                           "targetPort: ") +
                                               spelling + "}]}"));
    EXPECT_EQ(ran.code, kDenied) << spelling << "\n" << ran.err;
  }
}

TEST(Lint, DeniesNumbersThatAreNoPorts) {
  const Ran ran = berth({"lint", "-"}, kPolicy + service("{type: LoadBalancer, ports: [{port: 70968}]}"));
  EXPECT_EQ(ran.code, kDenied) << ran.err;
  EXPECT_NE(ran.out.find("70968"), std::string::npos);
}

TEST(Lint, JudgesAnObjectThatClaimsToBeOnItsWayOut) {
  const Ran ran =
      berth({"lint", "-"},
            kPolicy +
                "apiVersion: v1\nkind: Service\n"
                "metadata: {name: web, namespace: data, deletionTimestamp: \"2026-01-01T00:00:00Z\"}\n"
                "spec: {type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}\n");
  EXPECT_EQ(ran.code, kDenied) << ran.out;
}

TEST(Lint, TakesANodePortThatIsLeftOpenAsNotKnown) {
  const Ran ran =
      berth({"lint", "-"},
            with_action("Deny") + service("{type: NodePort, ports: [{port: 443, targetPort: 5432}]}"));
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_NE(ran.out.find("node port chosen by the cluster"), std::string::npos) << ran.out;
}

TEST(LintWith, JoinsTheClusterWithoutJudgingIt) {
  const Files files;
  const std::string cluster = files.add("cluster.yaml", stateful_set("{app: web}", kPg) + kPolicy);
  const Ran ran = berth({"lint", "-o", "json", "--with", cluster, "-"}, service(kBalancer));
  EXPECT_EQ(ran.code, kDenied) << ran.err;
  EXPECT_EQ(count(ran.out, "Service data/web", "Deny"), 1U);
  EXPECT_EQ(ran.out.find("\"object\":\"StatefulSet"), std::string::npos);
}

TEST(LintPolicy, AddsOnlyPolicies) {
  const Files files;
  const std::string policy = files.add("policy.yaml", kPolicy + stateful_set("{app: web}", kPg));
  const Ran ran = berth({"lint", "--policy", policy, "-"}, service(kBalancer));
  EXPECT_EQ(ran.code, kClean) << "the workload beside the policy is not in the cluster: " << ran.out;
}

TEST(LintPolicy, WinsOverThePolicyOfTheSameNameInPath) {
  const Files files;
  const std::string policy = files.add("policy.yaml", kPolicy);
  const std::string loose =
      "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: control-plane}\nspec: "
      "{undeclared: "
      "Allow}\n---\n";
  const Ran ran = berth({"lint", "--policy", policy, "-"},
                        loose + service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}"));
  EXPECT_EQ(ran.code, kDenied);
  EXPECT_EQ(files.anonymous(ran.err),
            "-:1:1: warning: ExposurePolicy control-plane is set aside for the one in <dir>/policy.yaml\n");
}

TEST(LintPolicy, MissingIsWrongUsageAndNotClean) {
  const Files files;
  const Ran none = berth({"lint", "-o", "json", "-"}, service(kBalancer));
  EXPECT_EQ(none.code, kUnreadable);
  EXPECT_EQ(none.out, "[]\n");
  EXPECT_EQ(
      none.err,
      "berth: error: no ExposurePolicy was given, so nothing can be judged; name one with --policy PATH, "
      "or a cluster with --context\n"
      "nothing was judged\n");
  const std::string empty = files.add("policy.yaml", service(kBalancer));
  const Ran wrong = berth({"lint", "--policy", empty, "-"}, kPolicy + service(kBalancer, "other"));
  EXPECT_EQ(wrong.code, kUnreadable);
  EXPECT_EQ(files.anonymous(wrong.err),
            "<dir>/policy.yaml: error: --policy holds no ExposurePolicy (apiVersion berth.dev/v1alpha1)\n"
            "nothing was judged\n");
}

TEST(LintPolicy, WithASelectorIsInForceWhereTheNamespaceIsNotKnown) {
  const std::string policy =
      "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: p}\n"
      "spec: {namespaceSelector: {matchLabels: {tier: db}}, internal: [{port: 5432}]}\n---\n";
  const std::string exposed = service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}");
  EXPECT_EQ(berth({"lint", "-"}, policy + exposed).code, kDenied);
  const std::string ns = "apiVersion: v1\nkind: Namespace\nmetadata: {name: data, labels: {tier: ";
  EXPECT_EQ(berth({"lint", "-"}, policy + exposed + ns + "web}}\n").code, kClean);
  EXPECT_EQ(berth({"lint", "-"}, policy + exposed + ns + "db}}\n").code, kDenied);
}

TEST(LintPolicy, ExceptionsExpire) {
  const std::string policy =
      "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: p}\nspec:\n"
      "  internal: [{port: 5432}]\n  exceptions:\n"
      "  - {namespace: data, workload: {kind: StatefulSet, name: pg}, port: 5432, owner: dba@example.org,\n"
      "     reason: migration, expiresAt: \"2026-12-01T00:00:00Z\"}\n---\n";
  const std::string text = policy + service(kBalancer) + stateful_set("{app: web}", kPg);
  EXPECT_EQ(berth({"lint", "-"}, text, {testing::kNow, false}).code, kClean);
  EXPECT_EQ(berth({"lint", "-"}, text, {parse_rfc3339("2026-12-02T00:00:00Z").value(), false}).code, kDenied);
}

TEST(LintAgainst, LetsPassWhatWasExposedBefore) {
  const Files files;
  const std::string base = files.add("base.yaml", service(kBalancer) + stateful_set("{app: web}", kPg));
  const Ran ran = berth({"lint", "-o", "json", "--against", base, "-"},
                        kPolicy + service(kBalancer) + stateful_set("{app: web, version: two}", kPg));
  EXPECT_EQ(ran.code, kClean) << ran.out;
  EXPECT_EQ(count(ran.out, "Service data/web", "Allow"), 1U);
  EXPECT_EQ(count(ran.out, "StatefulSet data/pg", "Allow"), 1U);
}

TEST(LintAgainst, DeniesWhatTheChangeAdds) {
  const Files files;
  const std::string base = files.add("base.yaml", service(kBalancer) + stateful_set("{app: db}", kPg));
  const Ran ran = berth({"lint", "-o", "json", "--against", base, "-"},
                        kPolicy + service(kBalancer) + stateful_set("{app: web}", kPg));
  EXPECT_EQ(ran.code, kDenied) << ran.out;
  EXPECT_EQ(count(ran.out, "StatefulSet data/pg", "Deny"), 1U) << ran.out;
  EXPECT_EQ(count(ran.out, "Service data/web", "Deny"), 0U) << "it did not change: " << ran.out;
}

TEST(LintAgainst, JoinsWhatTheChangeDoesNotTouch) {
  const Files files;
  const std::string base = files.add("base.yaml", stateful_set("{app: web}", kPg));
  const Ran ran = berth({"lint", "-o", "json", "--against", base, "-"}, kPolicy + service(kBalancer));
  EXPECT_EQ(count(ran.out, "Service data/web", "Deny"), 1U) << ran.out;
  EXPECT_EQ(ran.out.find("\"object\":\"StatefulSet"), std::string::npos);
}

TEST(LintAgainst, SeesAnExposureThatOnlyTwoChangesMakeTogether) {
  // Each of them finds the way open before its own change, when the other change is taken as done.
  const std::string old_service =
      "{type: LoadBalancer, selector: {app: web}, ports: [{port: 443, targetPort: pg}]}";
  const std::string new_service =
      "{type: LoadBalancer, selector: {tier: x}, ports: [{port: 443, targetPort: pg}]}";
  const Files files;
  const std::string base =
      files.add("base.yaml", service(old_service) + stateful_set("{app: db, tier: x}", kPg));
  const Ran ran = berth({"lint", "-o", "json", "--against", base, "-"},
                        kPolicy + service(new_service) + stateful_set("{app: web, tier: x}", kPg));
  EXPECT_EQ(ran.code, kDenied) << ran.out;
}

TEST(LintAgainst, IgnoresWhatIsOpenOnlyWhileTheChangesAreApplied) {
  // Applied first, the Service would select the old pods for a moment; in the end nothing leads out.
  const Files files;
  const std::string base =
      files.add("base.yaml",
                service("{type: LoadBalancer, selector: {app: none}, ports: [{port: 443, targetPort: pg}]}") +
                    stateful_set("{app: web}", kPg) +
                    stateful_set("{app: web}", "{name: pg, containerPort: 8443}", "ui"));
  const Ran ran = berth({"lint", "-o", "json", "--against", base, "-"},
                        kPolicy + service(kBalancer) + stateful_set("{app: db}", kPg));
  EXPECT_EQ(ran.code, kClean) << ran.out;
}

TEST(LintInput, TellsEveryProblemAndJudgesNothing) {
  const Files files;
  const std::string good = files.add("all/a.yaml", service(kBalancer));
  files.add("all/b.yaml", "port: 1\nport: 2\n");
  files.add("all/deep/c.yml", "a: *b\n");
  files.add("all/d.txt", "not looked at {{");
  files.add("all/e.json", "{\"a\": 1");
  const Ran ran =
      berth({"lint", "-o", "json", "--with", files.path("nope"), files.path("all"), "-"}, kPolicy);
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_EQ(ran.out, "[]\n");
  EXPECT_EQ(
      files.anonymous(ran.err),
      "<dir>/all/b.yaml:2:1: error: duplicate key \"port\", first written in line 1; kubectl would keep only "
      "the last one without a word, so write it once\n"
      "<dir>/all/deep/c.yml:1:4: error: not YAML: the referenced anchor is not defined\n"
      "<dir>/all/e.json:1:8: error: not JSON: expected ',' or '}' after the value, but the text ends here\n"
      "<dir>/nope: error: no such file or directory\n"
      "nothing was judged\n");
}

TEST(LintInput, ReadsDirectoriesInOrderAndAFileOnlyOnce) {
  const Files files;
  const std::string b = files.add("m/b.yaml", service("{ports: [{port: 1}]}", "b"));
  files.add("m/a/z.json",
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"z","namespace":"data"}})");
  files.add("m/.git/x.yaml", "no: manifest\n");
  const std::string policy = files.add("policy.yaml", kPolicy);
  const Ran ran = berth({"lint", "--policy", policy, b, files.path("m")});
  EXPECT_EQ(ran.code, kClean) << ran.err;
  EXPECT_LT(ran.out.find("Service data/b"), ran.out.find("Service data/z"));
  EXPECT_NE(ran.out.find("2 objects judged"), std::string::npos) << ran.out;
}

TEST(LintInput, RefusesEmptyDirectoriesAndEmptyInput) {
  const Files files;
  files.add("empty/readme.txt", "x");
  EXPECT_EQ(files.anonymous(berth({"lint", files.path("empty")}).err),
            "<dir>/empty: error: the directory holds no *.yaml, *.yml or *.json\nnothing was judged\n");
  EXPECT_EQ(berth({"lint", "-"}, "# nothing\n---\n").err,
            "-: error: holds no objects, so there is nothing to judge\nnothing was judged\n");
}

TEST(LintInput, RefusesAnObjectThatStandsTwice) {
  const Ran ran = berth({"lint", "-"}, kPolicy + service(kBalancer) + service(kBalancer));
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_EQ(
      ran.err,
      "-:16:1: error: Service data/web stands twice, first in -:11; one would overwrite the other, so lint "
      "clusters and overlays one at a time\nnothing was judged\n");
}

TEST(LintInput, PutsObjectsWithoutNamespaceWhereTheFlagSays) {
  const std::string text = kPolicy + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
  EXPECT_NE(berth({"lint", "-"}, text).out.find("Service default/web"), std::string::npos);
  EXPECT_NE(berth({"lint", "-n", "data", "-"}, text).out.find("Service data/web"), std::string::npos);
}

TEST(LintOutput, IsColouredOnlyWhenAsked) {
  const std::string text = kPolicy + service("{type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}");
  EXPECT_EQ(berth({"lint", "-"}, text).out.find('\x1b'), std::string::npos);
  EXPECT_NE(berth({"lint", "-"}, text, {testing::kNow, true}).out.find("\x1b[31mDeny\x1b[0m"),
            std::string::npos);
  EXPECT_EQ(berth({"lint", "-o", "json", "-"}, text, {testing::kNow, true}).out.find('\x1b'),
            std::string::npos);
}

TEST(LintOutput, CannotBeForgedByNamesInAManifest) {
  const Ran ran =
      berth({"lint", "-"}, kPolicy +
                               "apiVersion: v1\nkind: Service\nmetadata: {name: \"a\\nAllow  b\\x1b[2J\"}\n"
                               "spec: {type: LoadBalancer, ports: [{port: 443, targetPort: 5432}]}\n");
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(ran.out.find("\nAllow"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace berth::cli
