#include "webhook/options.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace berth::webhook {
namespace {

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-webhook");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(WebhookOptions, ExcludeWhatAClusterNeedsToComeBack) {
  const auto options = parse({}).options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->excluded_namespaces,
            (std::vector<std::string>{"kube-system", "kube-node-lease", "kube-public", "berth-system"}));
  EXPECT_TRUE(options->register_webhook);
}

TEST(WebhookOptions, TakeWhatIsWritten) {
  const auto options =
      parse({"--exclude-namespaces", "kube-system,ci", "--url", "https://10.0.0.1:9443/", "--no-register",
             "--drain-delay", "500ms", "--operator-user", "", "--await-registration", "10s"})
          .options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->excluded_namespaces, (std::vector<std::string>{"kube-system", "ci"}));
  EXPECT_EQ(options->url, "https://10.0.0.1:9443") << "the path is ours";
  EXPECT_FALSE(options->register_webhook);
  EXPECT_EQ(options->await_registration, std::chrono::seconds(10));
  EXPECT_EQ(options->drain_delay, std::chrono::milliseconds(500));
  EXPECT_EQ(options->operator_user, "");
}

TEST(WebhookOptions, AreRefusedWithTheFlagAndWhatWouldBeRight) {
  const struct {
    std::vector<const char*> arguments;
    std::string text;
  } cases[] = {
      {{"--url", "http://10.0.0.1:9443"},
       "'http://10.0.0.1:9443' is not an https URL: write https://HOST:PORT"},
      {{"--listen", "9443"}, "--listen"},
      {{"--threads", "65"}, "--threads"},
      {{"--drain-delay", "soon"}, "--drain-delay: 'soon' is not a duration"},
      {{"--ca-validity", "30y"}, "--ca-validity: '30y' is not a duration"},
      {{"--ca-validity", "7301d"}, "'7301d' is too long: a certificate is good for 7300d at most"},
      {{"--certificate-validity", "10ms"}, "'10ms' is too short: a certificate is good for 1s at least"},
      {{"--certificate-validity", "2h", "--ca-validity", "1h"}, "must not be longer than --ca-validity"},
      {{"--certificate-validity", "1m"},
       "--certificate-settle: must be at most a sixth of --certificate-validity"},
  };
  for (const auto& one : cases) {
    ::testing::internal::CaptureStderr();
    const Parsed parsed = parse(one.arguments);
    const std::string printed = ::testing::internal::GetCapturedStderr();
    EXPECT_FALSE(parsed.options) << one.text;
    EXPECT_EQ(parsed.exit_code, 2) << one.text;
    EXPECT_NE(printed.find(one.text), std::string::npos) << printed;
  }
}

TEST(Options, TakeHoursAndDaysForCertificatesBeyondAYear) {
  const Parsed parsed =
      parse({"--ca-validity", "87600h", "--certificate-validity", "400d", "--certificate-settle", "1m"});
  ASSERT_TRUE(parsed.options);
  EXPECT_EQ(parsed.options->ca_validity, std::chrono::hours(87'600));
  EXPECT_EQ(parsed.options->certificate_validity, std::chrono::hours(9'600));
  EXPECT_EQ(parsed.options->certificate_settle, std::chrono::minutes(1));
}

}  // namespace
}  // namespace berth::webhook
