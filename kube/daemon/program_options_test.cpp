#include "kube/daemon/program_options.h"

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>

namespace berth::daemon {
namespace {

// As much of CLI::App as is asked for here.
struct FakeOption {
  std::function<std::string(const std::string&)> checked = {};
  std::string shown = {};
  FakeOption* check(std::function<std::string(const std::string&)> how) {
    checked = std::move(how);
    return this;
  }
  FakeOption* default_str(const std::string& text) {
    shown = text;
    return this;
  }
  FakeOption* type_name(const std::string&) { return this; }
  FakeOption* needs(const std::string&) { return this; }
};

struct FakeApp {
  std::map<std::string, FakeOption> options = {};
  FakeOption* add_option(const std::string& flag, std::string&, const std::string&) { return &options[flag]; }
  template <class Text>
  FakeOption* add_option_function(const std::string& flag, const std::function<void(const Text&)>&,
                                  const std::string&) {
    return &options[flag];
  }
};

TEST(ProgramOptions, ShowTheirDefaults) {
  FakeApp app;
  ProgramOptions options;
  options.health_listen = {"127.0.0.1", 8081};
  add_program_options(app, options);
  EXPECT_EQ(app.options.size(), 6U);
  EXPECT_FALSE(options.metrics_listen) << "with the health checks";
  EXPECT_TRUE(app.options.contains("--kubeconfig"));
  EXPECT_EQ(app.options["--health-listen"].shown, "127.0.0.1:8081");
  // What is shown is what is meant.
  EXPECT_EQ(*parse_log_format(app.options["--log-format"].shown), options.log_format);
  EXPECT_EQ(*parse_log_level(app.options["--log-level"].shown), options.log_level);
}

TEST(ProgramOptions, KeepWhatTheirFlagsSay) {
  FakeApp app;
  ProgramOptions options;
  add_program_options(app, options);
  EXPECT_EQ(app.options["--health-listen"].checked("[::1]:9000"), "");
  EXPECT_EQ(app.options["--metrics-listen"].checked(":8443"), "");
  EXPECT_EQ(options.metrics_listen, (ListenAddress{"", 8443}));
  EXPECT_EQ(app.options["--log-format"].checked("json"), "");
  EXPECT_EQ(app.options["--log-level"].checked("debug"), "");
  EXPECT_EQ(options.health_listen, (ListenAddress{"::1", 9000}));
  EXPECT_EQ(options.log_format, LogFormat::kJson);
  EXPECT_EQ(options.log_level, LogLevel::kDebug);
}

TEST(ProgramOptions, RefuseInTheWordsOfTheirParsersAndKeepWhatTheyHad) {
  FakeApp app;
  ProgramOptions options;
  add_program_options(app, options);
  EXPECT_EQ(app.options["--log-level"].checked("loud"), parse_log_level("loud").error().message);
  EXPECT_EQ(app.options["--log-format"].checked("xml"), parse_log_format("xml").error().message);
  EXPECT_EQ(app.options["--health-listen"].checked("here"), parse_listen_address("here").error().message);
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.log_format, LogFormat::kText);
  EXPECT_EQ(options.health_listen, ListenAddress{});
}

}  // namespace
}  // namespace berth::daemon
