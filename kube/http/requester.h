// Requester: who sends a request, as the API server knows him by his token.
//
// Thread-safety: a value.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace berth::http {

// The user of authentication.k8s.io/v1 UserInfo.
struct Requester {
  std::string user = {};
  std::string uid = {};
  std::vector<std::string> groups = {};
  std::map<std::string, std::vector<std::string>> extra = {};

  bool operator==(const Requester&) const = default;
};

}  // namespace berth::http
