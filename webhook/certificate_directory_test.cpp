#include "webhook/certificate_directory.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "kube/http/certificate.h"

namespace berth::webhook {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

const Instant kNow{1'767'435'123'000};

class Directory : public ::testing::Test {
 protected:
  Directory()
      : path_(fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Directory() override { fs::remove_all(path_); }

  void write(const char* name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  void write(const http::KeyPair& pair) const {
    write("tls.crt", pair.certificate_pem);
    write("tls.key", pair.key_pem);
  }
  static http::KeyPair issue(const http::KeyPair& signer) {
    return http::issue_certificate(signer, "leaf", {"localhost"}, kNow, hours(1)).value();
  }

  const fs::path path_;
  const http::KeyPair one_ = http::make_authority("one", kNow, hours(9)).value();
  const http::KeyPair two_ = http::make_authority("two", kNow, hours(9)).value();
};

TEST_F(Directory, OffersWhatStandsThere) {
  CertificateDirectory directory(path_.string(), true);
  const http::KeyPair pair = issue(one_);
  write(pair);
  write("ca.crt", one_.certificate_pem);
  const auto offered = directory.step({});
  ASSERT_TRUE(offered.ok());
  EXPECT_EQ(offered->pair.certificate_pem, pair.certificate_pem);
  EXPECT_EQ(offered->authorities, std::vector{one_.certificate_pem});
  EXPECT_FALSE(directory.has_news());
}

TEST_F(Directory, NamesTheFileThatIsMissing) {
  CertificateDirectory directory(path_.string(), true);
  EXPECT_EQ(directory.step({}).error().field, (path_ / "tls.crt").string());
  write(issue(one_));
  EXPECT_EQ(directory.step({}).error().field, (path_ / "ca.crt").string());
  EXPECT_TRUE(CertificateDirectory(path_.string(), false).step({}).ok()) << "for others who register";
}

TEST_F(Directory, OffersNothingThatIsHalfExchanged) {
  CertificateDirectory directory(path_.string(), true);
  const http::KeyPair before = issue(one_);
  const http::KeyPair after = issue(two_);
  write(before);
  write("ca.crt", one_.certificate_pem);
  ASSERT_TRUE(directory.step({}).ok());
  write("tls.crt", after.certificate_pem);
  EXPECT_TRUE(directory.has_news());
  EXPECT_NE(directory.step({}).error().field.find("tls.key"), std::string::npos);
  write("tls.key", after.key_pem);
  EXPECT_NE(directory.step({}).error().message.find("ca.crt"), std::string::npos);
  write("ca.crt", two_.certificate_pem);
  EXPECT_TRUE(directory.has_news());
  EXPECT_EQ(directory.step({})->pair.key_pem, after.key_pem);
}

// As cert-manager writes it: the leaf, then those between it and the root.
TEST_F(Directory, TakesAChain) {
  CertificateDirectory directory(path_.string(), true);
  write(issue(one_));
  write("tls.crt", std::string(issue(one_).certificate_pem) + two_.certificate_pem);
  EXPECT_FALSE(directory.step({}).ok()) << "the key of another leaf";
  const http::KeyPair pair = issue(one_);
  write({pair.certificate_pem + two_.certificate_pem, pair.key_pem});
  write("ca.crt", one_.certificate_pem);
  EXPECT_TRUE(directory.step({}).ok());
}

TEST_F(Directory, CountsAsProvenWhatWasRegisteredWhenWeBegan) {
  write(issue(one_));
  write("ca.crt", one_.certificate_pem);
  EXPECT_TRUE(
      CertificateDirectory(path_.string(), true).step({.published = {{one_.certificate_pem}}})->proven);
  CertificateDirectory directory(path_.string(), true);
  EXPECT_FALSE(directory.step({.published = {{two_.certificate_pem}}})->proven);
  EXPECT_FALSE(directory.step({.published = {{one_.certificate_pem}}})->proven);
}

}  // namespace
}  // namespace berth::webhook
