#include "kube/http/key_pair_files.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "kube/http/certificate.h"

namespace berth::http {
namespace {

namespace fs = std::filesystem;

const Instant kNow{1'767'435'123'000};

class KeyPairFiles : public ::testing::Test {
 protected:
  KeyPairFiles()
      : directory_(fs::path(::testing::TempDir()) /
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~KeyPairFiles() override { fs::remove_all(directory_); }

  static KeyPair pair() {
    return make_self_signed("test", {"localhost"}, kNow, std::chrono::hours(1)).value();
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  [[nodiscard]] Result<KeyPair> read() const { return read_key_pair(directory_.string()); }

  const fs::path directory_;
};

// As the kubelet writes a volume: everything behind one link, which is exchanged in one step.
TEST_F(KeyPairFiles, AreReadThroughTheLinksOfAMountedSecret) {
  for (const char* version : {"..1", "..2"}) {
    const KeyPair made = pair();
    fs::create_directory(directory_ / version);
    write(directory_ / version / "tls.crt", made.certificate_pem);
    write(directory_ / version / "tls.key", made.key_pem);
    fs::create_directory_symlink(version, directory_ / "..data_tmp");
    fs::rename(directory_ / "..data_tmp", directory_ / "..data");
    for (const char* name : {"tls.crt", "tls.key"}) {
      if (!fs::is_symlink(directory_ / name))
        fs::create_symlink(fs::path("..data") / name, directory_ / name);
    }
    const auto read_back = read();
    ASSERT_TRUE(read_back.ok());
    EXPECT_EQ(read_back->certificate_pem, made.certificate_pem);
    EXPECT_EQ(read_back->key_pem, made.key_pem);
  }
}

TEST_F(KeyPairFiles, ThatAreMissingOrEmptyAreNamed) {
  const KeyPair made = pair();
  EXPECT_EQ(read().error().field, (directory_ / "tls.crt").string());
  write(directory_ / "tls.crt", made.certificate_pem);
  EXPECT_EQ(read().error().field, (directory_ / "tls.key").string());
  write(directory_ / "tls.key", "");
  EXPECT_EQ(read().error().field, (directory_ / "tls.key").string());
  EXPECT_EQ(read().error().message, "is empty");
}

TEST_F(KeyPairFiles, ThatDoNotBelongTogetherAreRefusedWithoutShowingThem) {
  const KeyPair one = pair();
  const KeyPair two = pair();
  write(directory_ / "tls.crt", one.certificate_pem);
  for (const std::string& key :
       {two.key_pem, two.key_pem.substr(0, two.key_pem.size() / 2), std::string("secret")}) {
    write(directory_ / "tls.key", key);
    const auto refused = read();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message.find(key.substr(0, 6)), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().field.find("tls.key"), std::string::npos);
  }
  write(directory_ / "tls.key", one.key_pem);
  EXPECT_TRUE(read().ok());
}

TEST_F(KeyPairFiles, ThatAreTooLongAreNotKept) {
  write(directory_ / "tls.crt", std::string((1U << 20U) + 1, 'x'));
  EXPECT_EQ(read().error().message, "is longer than 1 MiB");
}

}  // namespace
}  // namespace berth::http
