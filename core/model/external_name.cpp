#include "core/model/external_name.h"

#include <algorithm>
#include <string>
#include <vector>

namespace berth {
namespace {

std::vector<std::string> labels_of(std::string_view name) {
  while (name.ends_with('.')) name.remove_suffix(1);
  std::vector<std::string> labels(1);
  for (const char c : name) {
    if (c == '.') {
      labels.emplace_back();
    } else {
      labels.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return labels;
}

}  // namespace

std::optional<ObjectKey> service_named(std::string_view dns_name) {
  const std::vector<std::string> labels = labels_of(dns_name);
  if (std::find(labels.begin(), labels.end(), "") != labels.end()) return std::nullopt;
  const auto svc = std::find(labels.begin(), labels.end(), "svc");
  const auto before = svc - labels.begin();
  if (svc != labels.end() && before >= 2) return ObjectKey{*(svc - 1), *(svc - 2)};
  if (labels.size() == 2) return ObjectKey{labels[1], labels[0]};
  return std::nullopt;
}

bool is_alias_into(const Service& service, std::string_view ns) {
  if (service.type != "ExternalName") return false;
  const auto named = service_named(service.external_name);
  return named && named->ns == ns;
}

}  // namespace berth
