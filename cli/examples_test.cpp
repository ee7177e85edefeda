// What the README files of examples/ show is what the program prints.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::Ran;

const std::string kExamples = std::string(BERTH_SOURCE_DIR) + "/examples/";

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What stands in the file behind "$ <command>", up to the end of the block.
std::string shown(const std::string& file, const std::string& command) {
  const std::string text = read(kExamples + file);
  const std::string line = "$ " + command + "\n";
  const std::size_t at = text.find(line);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + line.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(Examples, OfAGatewayAreRefusedAsTheirReadmeShows) {
  const std::string folder = kExamples + "gateway/";
  const Ran ran = berth(
      {"lint", "--policy", folder + "policy.yaml", "--with", folder + "workloads.yaml", folder + "denied"});
  EXPECT_EQ(ran.code, kDenied) << ran.err;
  EXPECT_EQ(ran.out,
            shown("gateway/README.md", "berth lint --policy policy.yaml --with workloads.yaml denied/"));
}

TEST(Examples, OfAGatewayAreAdmittedAsTheyAreMeant) {
  const std::string folder = kExamples + "gateway/";
  const Ran ran =
      berth({"lint", "--fail-on", "warn", "--policy", folder + "policy.yaml", folder + "workloads.yaml"});
  EXPECT_EQ(ran.code, kClean) << ran.out << ran.err;
}

}  // namespace
}  // namespace berth::cli
