#include "kube/daemon/listen_address.h"

#include <gtest/gtest.h>

namespace berth::daemon {
namespace {

TEST(ListenAddress, ReadsAddressAndPort) {
  const struct {
    const char* text;
    ListenAddress address;
  } cases[] = {
      {":8443", {"", 8443}},
      {"0.0.0.0:8443", {"0.0.0.0", 8443}},
      {"127.0.0.1:0", {"127.0.0.1", 0}},
      {"[::]:65535", {"::", 65535}},
      {"[::1]:80", {"::1", 80}},
      {"[2001:db8::1]:443", {"2001:db8::1", 443}},
  };
  for (const auto& c : cases) {
    const auto address = parse_listen_address(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(*address, c.address) << c.text;
    EXPECT_EQ(to_string(*address), c.text);
  }
}

TEST(ListenAddress, SaysWhatIsWrongAndWhatWouldBeRight) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "the port is missing"},
      {"8443", "the port is missing"},
      {":", "0 to 65535"},
      {":65536", "0 to 65535"},
      {":70968", "0 to 65535"},
      {":-1", "0 to 65535"},
      {":+1", "0 to 65535"},
      {":080", "0 to 65535"},
      {": 80", "0 to 65535"},
      {":80 ", "0 to 65535"},
      {":http", "0 to 65535"},
      {"localhost:80", "numeric address"},
      {"256.0.0.1:80", "numeric address"},
      {"1.2.3:80", "numeric address"},
      {"::1:80", "in brackets"},
      {"[127.0.0.1]:80", "numeric address"},
      {"[]:80", "numeric address"},
      {"[::1:80", "numeric address"},
      {"http://0.0.0.0:80", "numeric address"},
  };
  for (const auto& c : cases) {
    const auto address = parse_listen_address(c.text);
    ASSERT_FALSE(address.ok()) << c.text;
    EXPECT_NE(address.error().message.find(c.says), std::string::npos) << address.error().message;
    EXPECT_NE(address.error().message.find("':8443'"), std::string::npos) << address.error().message;
  }
}

}  // namespace
}  // namespace berth::daemon
