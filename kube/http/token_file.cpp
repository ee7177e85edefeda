#include "kube/http/token_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace berth::http {
namespace {

// A token of the API server has about 1 KiB.
constexpr std::size_t kMaxToken = 64UL << 10U;

Result<std::string> read_token(const std::string& path) {
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  if (!file) {
    return Error{Code::kUnavailable,
                 "cannot read the token file '" + path + "': " + std::generic_category().message(errno)};
  }
  std::string text(kMaxToken + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (text.size() > kMaxToken) {
    return Error{Code::kUnavailable, "the token file '" + path + "' is longer than 64 KiB"};
  }
  constexpr char kBlanks[] = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return Error{Code::kUnavailable, "the token file '" + path + "' is empty"};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

Result<std::string> TokenFile::token(Time now) {
  const std::lock_guard lock(mutex_);
  if (fresh_ && now - read_at_ < max_age_) return token_;
  auto read = read_token(path_);
  if (!read.ok() && token_.empty()) return read;
  if (read.ok()) token_ = *read;
  // A file that cannot be read is not asked for again with every request either.
  read_at_ = now;
  fresh_ = true;
  return token_;
}

void TokenFile::expire() {
  const std::lock_guard lock(mutex_);
  fresh_ = false;
}

}  // namespace berth::http
