#include "kube/http/token_file.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace berth::http {
namespace {

using namespace std::chrono_literals;

class TokenFileTest : public testing::Test {
 protected:
  ~TokenFileTest() override { std::remove(path_.c_str()); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }

  const std::string path_ = testing::TempDir() + "berth-token-file-" + std::to_string(::getpid());
  const TokenFile::Time start_{};
  TokenFile file_{path_, 60s};
};

TEST_F(TokenFileTest, IsReadAgainOnlyWhenOld) {
  write("one\n");
  EXPECT_EQ(*file_.token(start_), "one");
  write("two\n");
  EXPECT_EQ(*file_.token(start_ + 59s), "one");
  EXPECT_EQ(*file_.token(start_ + 60s), "two");
  write("three\n");
  EXPECT_EQ(*file_.token(start_ + 119s), "two");
  file_.expire();
  EXPECT_EQ(*file_.token(start_ + 119s), "three");
}

TEST_F(TokenFileTest, KeepsTheLastTokenWhileTheFileIsBad) {
  EXPECT_EQ(file_.token(start_).error().code, Code::kUnavailable);
  write("one");
  EXPECT_EQ(*file_.token(start_), "one");
  for (const std::string& bad : {std::string(), std::string(" \n\t"), std::string(70'000, 'x')}) {
    write(bad);
    file_.expire();
    EXPECT_EQ(*file_.token(start_), "one") << bad.size();
  }
  std::remove(path_.c_str());
  EXPECT_EQ(*file_.token(start_ + 100s), "one");
  write("two");
  EXPECT_EQ(*file_.token(start_ + 200s), "two");
}

}  // namespace
}  // namespace berth::http
