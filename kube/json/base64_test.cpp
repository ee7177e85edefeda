#include "kube/json/base64.h"

#include <gtest/gtest.h>

namespace berth::json {
namespace {

// RFC 4648 section 10.
TEST(Base64, AgreesWithTheVectorsOfTheStandard) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encoded(bytes), text);
    EXPECT_EQ(base64_decoded(text), bytes);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t length = 250; length <= 256; ++length) {
    const std::string part = bytes.substr(0, length);
    EXPECT_EQ(base64_decoded(base64_encoded(part)), part);
  }
}

TEST(Base64, RefusesWhatIsNotTheOneForm) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zm9v\n", "Zm 9v", "Zm-_", "Zh==", "Zm9=", "=",
                           "====", "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zg=a", "\xC3\xA4==", "Zm9vYg==\n"}) {
    EXPECT_EQ(base64_decoded(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace berth::json
