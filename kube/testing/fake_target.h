// FakeTarget: path and query of a request, taken apart the way the API server does.
//
// Private to the fake API server. Thread-safety: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace berth::testing {

struct FakeTarget {
  std::string group = {};  // "" = core
  std::string version = {};
  std::string ns = {};
  std::string plural = {};
  std::string name = {};  // "" = the collection
  std::string subresource = {};
  std::map<std::string, std::string> query = {};

  [[nodiscard]] std::string parameter(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? "" : found->second;
  }
  [[nodiscard]] bool flag(const std::string& key) const {
    const std::string value = parameter(key);
    return value == "true" || value == "1";
  }
};

// nullopt: no resource path, or a broken percent-encoding.
std::optional<FakeTarget> parse_target(std::string_view target);

}  // namespace berth::testing
