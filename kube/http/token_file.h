// TokenFile: a bearer token in a file that somebody else renews (the kubelet, hourly or so).
//
// Inside of kube/http. Thread-safety: all functions may be called from several threads at once.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "core/base/result.h"

namespace berth::http {

class TokenFile {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TokenFile(std::string path, std::chrono::milliseconds max_age)
      : path_(std::move(path)), max_age_(max_age) {}

  // The token, without the blanks around it; read again when what is held is max_age old. A file that cannot
  // be read or is empty leaves the last token in use. Errors: Unavailable while there never was one.
  Result<std::string> token(Time now);
  // The server refused it: read again at the next call.
  void expire();

 private:
  const std::string path_;
  const std::chrono::milliseconds max_age_;
  std::mutex mutex_{};
  std::string token_{};
  Time read_at_{};
  bool fresh_ = false;
};

}  // namespace berth::http
