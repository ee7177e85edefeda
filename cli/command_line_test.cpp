#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/testing.h"

namespace berth::cli {
namespace {

struct Wrong {
  const char* name;
  std::vector<std::string> args;
  const char* message;
};

void PrintTo(const Wrong& tested, std::ostream* out) { *out << tested.name; }

class WrongUsageOf : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongUsageOf, IsToldWithTheWayToHelp) {
  const testing::Ran ran = testing::berth(GetParam().args);
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_EQ(ran.err, GetParam().message);
  EXPECT_EQ(ran.out, "");
}

const Wrong kWrong[] = {
    {"NoCommand", {}, "berth: no command was given\nSee \"berth --help\".\n"},
    {"UnknownCommand",
     {"lnt", "x"},
     "berth: unknown command \"lnt\", did you mean lint?\nSee \"berth --help\".\n"},
    {"StrangeCommand", {"frobnicate"}, "berth: unknown command \"frobnicate\"\nSee \"berth --help\".\n"},
    {"NoPath",
     {"lint"},
     "berth lint: no PATH was given; name files, directories, or - for the standard input\n"
     "See \"berth lint --help\".\n"},
    {"UnknownFlag",
     {"lint", "--polcy", "a", "b"},
     "berth lint: unknown flag --polcy, did you mean --policy?\nSee \"berth lint --help\".\n"},
    {"UnknownFlagWithValue",
     {"lint", "--polcy=a", "b"},
     "berth lint: unknown flag --polcy, did you mean --policy?\nSee \"berth lint --help\".\n"},
    {"ExplainWhat",
     {"explain"},
     "berth explain: say what to explain: files, KIND/NAME of an object in a cluster, --rule or "
     "--exception\nSee "
     "\"berth explain --help\".\n"},
    {"ExportWhat",
     {"export"},
     "berth export: say what to export; write admission-policy\nSee \"berth export --help\".\n"},
    {"ExportOfSomethingElse",
     {"export", "policy", "x"},
     "berth export: cannot export \"policy\"; write admission-policy\nSee \"berth export --help\".\n"},
    {"ExportOfNothing",
     {"export", "admission-policy"},
     "berth export: no PATH was given; name files, directories, or - for the standard input\n"
     "See \"berth export --help\".\n"},
    {"ExportAsTable",
     {"export", "admission-policy", "-o", "table", "x"},
     "berth export: -o table is not an output format; write -o yaml or json\nSee \"berth export "
     "--help\".\n"},
    {"CheckWhat", {"check"}, "berth check: say what to check; write webhook\nSee \"berth check --help\".\n"},
    {"CheckOfSomethingElse",
     {"check", "api"},
     "berth check: cannot check \"api\"; write webhook\nSee \"berth check --help\".\n"},
    {"CheckThatWaitsStrangely",
     {"check", "webhook", "--wait", "soon"},
     "berth check: --wait soon is no duration; write one such as 30s or 2m\nSee \"berth check --help\".\n"},
    {"CheckOfTwo",
     {"check", "webhook", "api"},
     "berth check: takes one argument, but \"api\" was given, too\nSee \"berth check --help\".\n"},
    {"UnknownShortFlag", {"lint", "-x", "b"}, "berth lint: unknown flag -x\nSee \"berth lint --help\".\n"},
    {"FlagWithoutValue",
     {"lint", "x", "--policy"},
     "berth lint: the flag --policy takes exactly one value\nSee \"berth lint --help\".\n"},
    {"TwoOutputs",
     {"lint", "-o", "json", "-o", "table", "x"},
     "berth lint: the flag --output takes exactly one value\nSee \"berth lint --help\".\n"},
    {"UnknownOutput",
     {"lint", "-o", "xml", "x"},
     "berth lint: -o xml is not an output format; write -o table, json, yaml, sarif, junit or github\nSee "
     "\"berth "
     "lint --help\".\n"},
    {"OutputOfLintForVersion",
     {"version", "-o", "sarif"},
     "berth version: -o sarif is not an output format; write -o table or json\nSee \"berth version "
     "--help\".\n"},
    {"UnknownVerdict",
     {"lint", "--fail-on", "allow", "x"},
     "berth lint: --fail-on allow is no verdict; write deny, unknown or warn\nSee \"berth lint --help\".\n"},
    {"StandardInputTwice",
     {"lint", "--policy", "-", "-"},
     "berth lint: the standard input (-) can be read only once\nSee \"berth lint --help\".\n"},
    {"EmptyNamespace",
     {"lint", "-n", "", "x"},
     "berth lint: --namespace is empty; write the name of a namespace\nSee \"berth lint --help\".\n"},
    {"WhatIfWithoutFlag",
     {"what-if", "policy.yaml"},
     "berth what-if: takes no arguments, but \"policy.yaml\" was given; name policies with -f\n"
     "See \"berth what-if --help\".\n"},
    {"WhatIfAsSarif",
     {"what-if", "-f", "x", "-o", "sarif"},
     "berth what-if: -o sarif is not an output format; write -o table, json or yaml\nSee \"berth what-if "
     "--help\".\n"},
    {"ArgumentOfVersion",
     {"version", "x"},
     "berth version: takes no arguments, but \"x\" was given\nSee \"berth version --help\".\n"},
};

INSTANTIATE_TEST_SUITE_P(Table, WrongUsageOf, ::testing::ValuesIn(kWrong),
                         [](const auto& test) { return test.param.name; });

TEST(CommandLine, TakesEveryFlagMoreThanOnceButEachWithOneValue) {
  const Command command = parse_command_line({"berth", "lint", "--policy", "p1", "a", "--policy=p2", "--with",
                                              "w", "--against", "g", "-n", "team", "-o", "json", "b", "-"});
  const auto& lint = std::get<LintCommand>(command);
  EXPECT_EQ(lint.inputs.paths, (std::vector<std::string>{"a", "b", "-"}));
  EXPECT_EQ(lint.inputs.policies, (std::vector<std::string>{"p1", "p2"}));
  EXPECT_EQ(lint.inputs.with, std::vector<std::string>{"w"});
  EXPECT_EQ(lint.inputs.against, std::vector<std::string>{"g"});
  EXPECT_EQ(lint.inputs.ns, "team");
  EXPECT_FALSE(lint.inputs.cluster.wanted);
  EXPECT_EQ(lint.format, Format::kJson);
}

TEST(CommandLine, WantsAClusterByAnyOfItsFlags) {
  const auto asked = [](std::vector<std::string> flags) {
    std::vector<std::string> args = {"berth", "lint", "x"};
    args.insert(args.end(), flags.begin(), flags.end());
    return std::get<LintCommand>(parse_command_line(args)).inputs.cluster;
  };
  EXPECT_TRUE(asked({"--live"}).wanted);
  EXPECT_EQ(asked({"--context", "prod"}).context, "prod");
  EXPECT_TRUE(asked({"--context", "prod"}).wanted);
  EXPECT_TRUE(asked({"--kubeconfig", "k"}).wanted);
  EXPECT_TRUE(
      std::get<WhatIfCommand>(parse_command_line({"berth", "what-if", "-f", "p"})).inputs.cluster.wanted);
  const auto files =
      std::get<WhatIfCommand>(parse_command_line({"berth", "what-if", "-f", "p", "--with", "w"}));
  EXPECT_FALSE(files.inputs.cluster.wanted);
}

TEST(CommandLine, ShowsHelpOfTheProgramAndOfEachCommand) {
  EXPECT_NE(testing::berth({"explain", "--exception"}).out.find("expiresAt"), std::string::npos);
  EXPECT_EQ(testing::berth({"explain", "--exception"}).code, kClean);
  EXPECT_NE(testing::berth({"--help"}).out.find("berth COMMAND [flags]"), std::string::npos);
  const std::string lint = testing::berth({"lint", "--help"}).out;
  EXPECT_NE(lint.find("berth lint [flags] PATH..."), std::string::npos);
  EXPECT_EQ(testing::berth({"help", "lint"}).out, lint);
  EXPECT_EQ(testing::berth({"lint", "-h"}).out, lint);
  EXPECT_EQ(testing::berth({"lint", "--help"}).code, kClean);
  EXPECT_EQ(testing::berth({"help"}).out, testing::berth({"-h"}).out);
  EXPECT_NE(testing::berth({"version", "-h"}).out.find("berth version [flags]"), std::string::npos);
}

TEST(CommandLine, SaysKubectlBerthWhenItIsThePlugin) {
  const auto help = std::get<HelpCommand>(parse_command_line({"/opt/bin/kubectl-berth", "lint", "--help"}));
  EXPECT_NE(help.text.find("  kubectl berth lint [flags] PATH..."), std::string::npos);
  EXPECT_EQ(help.text.find(" berth lint [flags]"), help.text.find("kubectl berth lint [flags]") + 7);
  const auto wrong = std::get<WrongUsage>(parse_command_line({"kubectl-berth"}));
  EXPECT_EQ(wrong.message, "kubectl berth: no command was given\nSee \"kubectl berth --help\".");
}

TEST(Version, IsPrintedByTheFlagAsByTheCommand) {
  const testing::Ran ran = testing::berth({"--version"});
  EXPECT_EQ(ran.code, kClean);
  EXPECT_EQ(ran.out, testing::berth({"version"}).out);
}

TEST(Version, IsPrintedAsTextAndAsJson) {
  EXPECT_EQ(testing::berth({"version"}).out.find("berth "), 0U);
  EXPECT_NE(testing::berth({"version"}).out.find("(API berth.dev/v1alpha1)\n"), std::string::npos);
  const std::string json = testing::berth({"version", "-o", "json"}).out;
  EXPECT_EQ(json.find("{\"version\":\""), 0U);
  EXPECT_NE(json.find("\"apiVersion\":\"berth.dev/v1alpha1\"}\n"), std::string::npos);
}

}  // namespace
}  // namespace berth::cli
