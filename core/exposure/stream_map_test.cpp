// What is judged of these targets is shown with the catalogue (admission_catalogue_entrances_test.cpp).
#include "core/exposure/stream_map.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::exposure {
namespace {

// "data/db:5432 at 9000" for the one entry, "" when it forwards nothing.
std::string read(const std::string& key, const std::string& value) {
  ConfigMap config_map;
  config_map.data[key] = value;
  const Entrance entrance = entrance_of(config_map);
  EXPECT_EQ(!entrance.targets.empty(), forwards_a_stream(key, value)) << key << ": " << value;
  if (entrance.targets.empty()) return "";
  const EntranceTarget& target = entrance.targets.front();
  const std::string port =
      target.port_name.empty() ? std::to_string(target.port_number) : "\"" + target.port_name + "\"";
  return target.ns + "/" + target.service + ":" + port + " at " + std::to_string(target.shown);
}

TEST(StreamMap, LeadsFromThePortThatIsTheKeyToTheServiceAndPortOfTheValue) {
  EXPECT_EQ(read("9000", "data/db:5432"), "data/db:5432 at 9000");
  EXPECT_EQ(read("9000", "data/db:pg"), "data/db:\"pg\" at 9000");
}

TEST(StreamMap, OptionsOfTheControllerLeadNowhereElse) {
  for (const char* options : {":PROXY", ":PROXY:PROXY", "::PROXY", ":ssl", ":PROXY-V1:PROXY-V2:data/tls"}) {
    EXPECT_EQ(read("9000", std::string("data/db:5432") + options), "data/db:5432 at 9000");
  }
}

TEST(StreamMap, NumbersAreReadAsTheControllersReadThem) {
  EXPECT_EQ(read("9000", "data/db:+5432"), "data/db:5432 at 9000");
  EXPECT_EQ(read("9000", "data/db:05432"), "data/db:5432 at 9000");
  EXPECT_EQ(read("09000", "data/db:5432"), "data/db:5432 at 9000");
  EXPECT_EQ(read("9000", " data/db:5432\n"), "data/db:5432 at 9000");
}

TEST(StreamMap, WhatControllersSkipIsNoEntry) {
  for (const char* key : {"0", "65536", "9000.0", "-9000", "port", "9000-9001", ""}) {
    EXPECT_EQ(read(key, "data/db:5432"), "") << key;
  }
  for (const char* value : {"", "db:5432", "data/db", "data/db:", "/db:5432", "data/:5432", "data/db/x:5432",
                            "http://db:5432/", "data/db:-1", "a: b/c", "postgres://u:p@data/db:5432"}) {
    EXPECT_EQ(read("9000", value), "") << value;
  }
}

TEST(StreamMap, AConfigMapAboutSomethingElseLeadsNowhere) {
  ConfigMap config_map;
  config_map.data = {{"app.properties", "db=data/db:5432"}, {"API_PORT", "24511"}, {"8080", "true"}};
  EXPECT_TRUE(entrance_of(config_map).targets.empty());
}

TEST(StreamMap, EachEntryCountsWhateverStandsBesideIt) {
  ConfigMap config_map;
  config_map.data = {{"9000", "data/db:5432"}, {"9001", "nonsense"}, {"README", "ask the platform team"}};
  ASSERT_EQ(entrance_of(config_map).targets.size(), 1U);
  EXPECT_EQ(entrance_of(config_map).targets.front().sign, "key 9000");
}

TEST(StreamMap, OnlyStreamsAreKept) {
  ConfigMap config_map;
  config_map.meta.ns = "ingress-nginx";
  config_map.meta.name = "tcp-services";
  config_map.meta.uid.text = "u";
  config_map.meta.labels = {{"app", "x"}};
  config_map.data = {{"9000", "data/db:5432"}, {"script", std::string(1000, 'x')}};
  const Entrance before = entrance_of(config_map);
  keep_only_streams(config_map);
  EXPECT_EQ(config_map.data.size(), 1U);
  EXPECT_EQ(entrance_of(config_map).targets, before.targets);
  EXPECT_EQ(config_map.meta.key(), before.meta.key());
  EXPECT_EQ(config_map.meta.uid, before.meta.uid);
}

}  // namespace
}  // namespace berth::exposure
