#include "core/base/namespace_scope.h"

#include <algorithm>

namespace berth {
namespace {

constexpr std::size_t kLongestLabel = 63;

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > kLongestLabel || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Result<NamespaceScope> parse_namespace_scope(std::string_view text) {
  const std::string said = "'" + std::string(text) + "' ";
  NamespaceScope scope{{}, false};
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string name(rest.substr(0, comma));
    if (name.empty()) {
      return malformed(said +
                       "names an empty namespace: write names with one comma between them, or leave the flag "
                       "out for every namespace");
    }
    if (!is_dns_label(name)) {
      return malformed(
          said + "names '" + name +
          "', which no namespace can have: write up to 63 of a-z, 0-9 and -, with neither end a -");
    }
    if (!scope.named.insert(name).second) {
      return malformed(said + "names '" + name + "' twice: write it once");
    }
    if (comma == std::string_view::npos) return scope;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace berth
