// The what-if command, text in and text out.
#include <gtest/gtest.h>
#include <memory>

#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::Files;
using testing::kNow;
using testing::Ran;
using testing::service;

std::string policy(const std::string& spec) {
  return "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: {name: p}\nspec: " + spec +
         "\n---\n";
}

const std::string kStanding =
    service("{type: NodePort, selector: {app: a}, ports: [{port: 4006, nodePort: 30406}]}", "old") +
    service("{type: NodePort, selector: {app: b}, ports: [{port: 443, nodePort: 30443}]}", "web") +
    service("{ports: [{port: 5432}]}", "pg");

// What `after` in the place of `before` means.
Ran changed(const std::string& before, const std::string& after, std::vector<std::string> more = {}) {
  const Files files;
  std::vector<std::string> args = {"what-if", "-f", "-", "--with",
                                   files.add("all.yaml", policy(before) + kStanding)};
  args.insert(args.end(), more.begin(), more.end());
  return berth(args, policy(after));
}

TEST(WhatIf, ListsWhatWouldNewlyBeDenied) {
  const Ran ran =
      changed("{undeclared: Allow}", "{undeclared: Allow, internal: [{port: 4006, service: Legacy}]}");
  EXPECT_EQ(ran.code, kDenied) << ran.err;
  EXPECT_NE(
      ran.out.find(
          "Deny     Service data/old  4006/TCP  p       port 4006 (Legacy) is internal by ExposurePolicy p"),
      std::string::npos)
      << ran.out;
  EXPECT_EQ(ran.out.find("data/web"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(
                "2 ways out stand: 1 would newly be denied, 0 newly unknown, 0 newly warned of; 0 that are "
                "denied today would not be any more\n"),
            std::string::npos)
      << ran.out;
}

TEST(WhatIf, DoesNotTellOfWhatIsDeniedAlready) {
  const Ran ran = changed("{internal: [{port: 4006}], undeclared: Allow}",
                          "{internal: [{port: 4006, service: Legacy}], undeclared: Allow}");
  EXPECT_EQ(ran.code, kClean) << ran.out;
  EXPECT_EQ(ran.out.find("VERDICT"), std::string::npos) << ran.out;
}

TEST(WhatIf, TellsOfWhatWouldBeLetOut) {
  const Ran ran =
      changed("{internal: [{port: 4006, service: Legacy}], undeclared: Allow}", "{undeclared: Allow}");
  EXPECT_EQ(ran.code, kClean) << ran.out;
  EXPECT_NE(
      ran.out.find("Allow    Service data/old  4006/TCP  p       would not be denied any more: port 4006"),
      std::string::npos)
      << ran.out;
}

TEST(WhatIf, TakesWarningsForLessThanDenials) {
  const Ran warned = changed("{undeclared: Allow}", "{undeclared: Warn}");
  EXPECT_EQ(warned.code, kClean) << warned.out;
  EXPECT_NE(warned.out.find("2 newly warned of"), std::string::npos) << warned.out;
  const Ran denied = changed("{action: Warn}", "{}");
  EXPECT_EQ(denied.code, kDenied);
  EXPECT_NE(denied.out.find("2 would newly be denied"), std::string::npos) << denied.out;
}

TEST(WhatIf, LetsExcludedNamespacesAlone) {
  const Ran ran = changed("{undeclared: Allow}", "{}", {"--exclude-namespaces", "data,other"});
  EXPECT_EQ(ran.code, kClean);
  EXPECT_EQ(ran.out.find("0 ways out stand"), 0U) << ran.out;
}

TEST(WhatIf, AsksTheClusterOfTheCurrentContextUnlessFilesAreGiven) {
  Setting setting{kNow, false};
  bool asked = false;
  setting.look = [&](const ClusterChoice&, const adapters::Table&) -> Result<LiveCluster> {
    asked = true;
    LiveCluster live{{}, "data"};
    auto web = std::make_shared<Service>();
    web->meta.ns = "data";
    web->meta.name = "web";
    web->type = "NodePort";
    web->ports = {{.port = 4006, .node_port = 30406}};
    live.picture.index.put(std::shared_ptr<const Service>(web));
    return live;
  };
  const Ran ran = berth({"what-if", "-f", "-"}, policy("{internal: [{port: 4006}]}"), setting);
  EXPECT_TRUE(asked);
  EXPECT_EQ(ran.code, kDenied) << ran.err << ran.out;
}

TEST(WhatIf, NeedsAPolicy) {
  EXPECT_EQ(
      berth({"what-if"}).err,
      "berth what-if: no policy was given; name a file with -f POLICY\nSee \"berth what-if --help\".\n");
  const Files files;
  const std::string standing = files.add("all.yaml", kStanding);
  const Ran ran = berth({"what-if", "--with", standing, "-f", "-"}, service("{ports: [{port: 80}]}"));
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_EQ(ran.err,
            "-: error: holds no ExposurePolicy (apiVersion berth.dev/v1alpha1)\nnothing was judged\n");
}

TEST(WhatIf, GivesProgramsAList) {
  const Ran ran =
      changed("{undeclared: Allow}", "{internal: [{port: 4006}], undeclared: Allow}", {"-o", "json"});
  EXPECT_EQ(ran.out.find(R"([{"object":"Service data/old","verdict":"Deny","rule":"internal-port")"), 0U)
      << ran.out;
}

}  // namespace
}  // namespace berth::cli
