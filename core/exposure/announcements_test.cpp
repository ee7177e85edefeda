// What each line of the table opens is shown with the catalogue (admission_catalogue_services_test.cpp).
#include "core/exposure/announcements.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <string>

#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using testing::port;
using testing::service;

std::string page() {
  std::ifstream in(std::string(BERTH_SOURCE_DIR) + "/docs/reference/announcements.md");
  EXPECT_TRUE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Announcements, AreAllExplained) {
  const std::string text = page();
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| `"); at != std::string::npos; at = text.find("\n| `", at + 1)) ++rows;
  EXPECT_EQ(rows, announcement_signs().size());
  for (const std::string_view sign : announcement_signs()) {
    EXPECT_NE(text.find("| `" + std::string(sign) + "` |"), std::string::npos) << sign;
  }
}

TEST(Announcements, AreEachALabelOrAnAnnotationOnce) {
  std::set<std::string_view> seen;
  for (const std::string_view sign : announcement_signs()) {
    EXPECT_TRUE(sign.starts_with("annotation ") || sign.starts_with("label ")) << sign;
    EXPECT_TRUE(seen.insert(sign).second) << sign;
  }
}

TEST(Announcements, ShowTheNumberThatTheAnnotationNames) {
  Service made = service("ClusterIP", {port(5432)});
  const auto shown = [&](const char* text) {
    made.meta.annotations["kube-service-exposer.sidero.dev/port"] = text;
    const auto found = announcements_of(made);
    return found.empty() ? std::int64_t{-1} : found.front().shown;
  };
  EXPECT_EQ(shown("15432"), 15432);
  EXPECT_EQ(shown("65535"), 65535);
  for (const char* text : {"", "0", "65536", "-1", "+80", " 80", "80 ", "0x50", "99999999999999999999"}) {
    EXPECT_EQ(shown(text), -1) << text;
  }
}

TEST(Announcements, AreReadLetterForLetter) {
  Service made = service("ClusterIP", {port(5432)});
  for (const char* text : {"True", "TRUE", "yes", "1", " true", ""}) {
    made.meta.annotations["tailscale.com/expose"] = text;
    EXPECT_TRUE(announcements_of(made).empty()) << text;
  }
}

TEST(Announcements, OfOneServiceAreAllTold) {
  Service made = service("ClusterIP", {port(5432)});
  made.meta.annotations = {{"tailscale.com/expose", "true"}, {"skupper.io/proxy", "tcp"}};
  const auto found = announcements_of(made);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].via, Via::kAnnotation);
  EXPECT_EQ(found[1].via, Via::kExport);
}

}  // namespace
}  // namespace berth::exposure
