// What each line of the table opens is shown with the catalogue (admission_catalogue_controllers_test.cpp).
#include "core/exposure/announcements.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

Service annotated(std::vector<ServicePort> ports, Labels annotations) {
  Service made = service("ClusterIP", std::move(ports));
  made.meta.annotations = std::move(annotations);
  return made;
}

TEST(Announcements, ShowTheNumberThatTheAnnotationNames) {
  const auto shown = [](const char* text) {
    const Service made = annotated({port(5432)}, {{"kube-service-exposer.sidero.dev/port", text}});
    const auto found = announcements_of(made, made.ports[0]);
    return found.empty() ? std::int64_t{-1} : found.front().shown;
  };
  EXPECT_EQ(shown("15432"), 15432);
  EXPECT_EQ(shown("65535"), 65535);
  for (const char* text : {"", "0", "65536", "-1", "+80", " 80", "80 ", "0x50", "99999999999999999999"}) {
    EXPECT_EQ(shown(text), -1) << text;
  }
}

TEST(Announcements, OfAProxyOnEveryNodeAreForTheFirstTcpPort) {
  const Service made = annotated({port(53, {}, Protocol::kUdp), port(443), port(5432)},
                                 {{"kube-service-exposer.sidero.dev/port", "15432"}});
  EXPECT_TRUE(announcements_of(made, made.ports[0]).empty());
  EXPECT_FALSE(announcements_of(made, made.ports[1]).empty());
  EXPECT_TRUE(announcements_of(made, made.ports[2]).empty());
}

TEST(Announcements, AreForThePortsThatAreListed) {
  const auto announced = [](const char* list) {
    const Service made =
        annotated({port(443), port(5432)}, {{"skupper.io/proxy", "tcp"}, {"skupper.io/port", list}});
    std::vector<std::int64_t> numbers;
    for (const ServicePort& one : made.ports) {
      if (!announcements_of(made, one).empty()) numbers.push_back(one.port);
    }
    return numbers;
  };
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(announced("443"), Numbers({443}));
  EXPECT_EQ(announced("8080:5432"), Numbers({5432}));
  EXPECT_EQ(announced("443,15432:5432"), Numbers({443, 5432}));
  for (const char* text : {"", "8080", "web", ",", ":", "5432x"}) {
    EXPECT_EQ(announced(text), Numbers({443, 5432})) << text;
  }
}

TEST(Announcements, AreReadLetterForLetter) {
  for (const char* text : {"True", "TRUE", "yes", "1", " true", ""}) {
    const Service made = annotated({port(5432)}, {{"tailscale.com/expose", text}});
    EXPECT_TRUE(announcements_of(made, made.ports[0]).empty()) << text;
  }
}

TEST(Announcements, OfOneServiceAreAllTold) {
  const Service made =
      annotated({port(5432)}, {{"tailscale.com/expose", "true"}, {"skupper.io/proxy", "tcp"}});
  const auto found = announcements_of(made, made.ports[0]);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].via, Via::kAnnotation);
  EXPECT_EQ(found[0].shown, 5432);
  EXPECT_EQ(found[1].via, Via::kExport);
}

}  // namespace
}  // namespace berth::exposure
