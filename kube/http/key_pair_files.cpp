#include "kube/http/key_pair_files.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "kube/http/certificate.h"

namespace berth::http {
namespace {

constexpr std::size_t kMaxFile = 1UL << 20U;  // what a Secret can hold

}  // namespace

Result<std::string> read_certificate_file(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  if (!file) return malformed("cannot be read: " + std::generic_category().message(errno), path);
  std::string text(kMaxFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return malformed("cannot be read", path);
  if (text.size() > kMaxFile) return malformed("is longer than 1 MiB", path);
  if (text.empty()) return malformed("is empty", path);
  return text;
}

Result<KeyPair> read_key_pair(const std::string& directory) {
  KeyPair pair;
  TRY(pair.certificate_pem, read_certificate_file(directory, kCertificateFile));
  TRY(pair.key_pem, read_certificate_file(directory, kKeyFile));
  Status checked = check_pair(pair);
  if (checked.ok()) return pair;
  Error error = std::move(checked).error();
  error.field = directory + "/" + kKeyFile + " with " + kCertificateFile;
  return error;
}

}  // namespace berth::http
