#include "operator/options.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace berth::controller {
namespace {

// What the arguments make, and what is printed about them.
struct Outcome {
  Parsed parsed;
  std::string printed;
};

Outcome parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-operator");
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  Outcome outcome;
  outcome.parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
  outcome.printed = ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(OperatorOptions, HaveTheDefaultsOfLeaderElectionEverywhere) {
  const auto options = parse({}).parsed.options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->lease_duration, std::chrono::seconds(15));
  EXPECT_EQ(options->renew_deadline, std::chrono::seconds(10));
  EXPECT_EQ(options->retry_period, std::chrono::seconds(2));
  EXPECT_EQ(options->ns, "berth-system");
}

TEST(OperatorOptions, TakeWhatIsWritten) {
  const auto options = parse({"--lease-duration", "3s", "--renew-deadline=2s", "--retry-period", "500ms",
                              "--identity", "one", "--workers", "8"})
                           .parsed.options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->retry_period, std::chrono::milliseconds(500));
  EXPECT_EQ(options->identity, "one");
  EXPECT_EQ(options->workers, 8);
}

TEST(OperatorOptions, NameNamespacesOrMeanEveryOne) {
  EXPECT_TRUE(parse({}).parsed.options->scope.everywhere);
  EXPECT_EQ(parse({"--namespaces=vpn,mesh"}).parsed.options->scope.watched(),
            (std::vector<std::string>{"mesh", "vpn"}));
  EXPECT_EQ(parse({"--namespaces", "mesh"}).parsed.options->ns, "berth-system") << "the lease is elsewhere";
}

TEST(OperatorOptions, AreRefusedWithTheFlagAndWhatWouldBeRight) {
  const struct {
    std::vector<const char*> arguments;
    std::string text;
  } cases[] = {
      {{"--lease-duration", "5x"}, "--lease-duration: '5x' is not a duration"},
      {{"--namespaces=a,,b"}, "--namespaces: 'a,,b' names an empty namespace: write names with one comma"},
      {{"--namespaces", ""}, "--namespaces: '' names an empty namespace"},
      {{"--namespaces="}, "--namespaces: 1 required TEXT missing"},
      {{"--namespaces=a,b,a"}, "--namespaces: 'a,b,a' names 'a' twice: write it once"},
      {{"--namespaces=Mesh"},
       "--namespaces: 'Mesh' names 'Mesh', which no namespace can have: write up to 63"},
      {{"--lease-duration", "10s"}, "--renew-deadline: must be shorter than --lease-duration"},
      {{"--retry-period", "9s"}, "--retry-period: must be shorter than --renew-deadline"},
      {{"--workers", "0"}, "--workers"},
      {{"--no-such-flag"}, "--no-such-flag"},
  };
  for (const auto& one : cases) {
    const Outcome outcome = parse(one.arguments);
    EXPECT_FALSE(outcome.parsed.options) << one.text;
    EXPECT_EQ(outcome.parsed.exit_code, 2) << one.text;
    EXPECT_NE(outcome.printed.find(one.text), std::string::npos) << outcome.printed;
  }
}

}  // namespace
}  // namespace berth::controller
