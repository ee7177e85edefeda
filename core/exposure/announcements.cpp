#include "core/exposure/announcements.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

namespace berth::exposure {
namespace {

enum class Value {
  kTrue,    // "true"
  kListed,  // one of Line::values
  kNumber,  // the number it is shown at
};

// "annotation KEY" or "label KEY".
constexpr std::string_view kAnnotation = "annotation ";
constexpr std::string_view kLabel = "label ";

struct Line {
  std::string_view sign;
  Value value;
  Via via;
  std::array<std::string_view, 3> values = {};  // kListed
  std::string_view unless = {};                 // another annotation that takes it back when it is "false"
};

constexpr std::array kLines = {
    // Into a tailnet, to machines outside of the cluster.
    Line{"annotation tailscale.com/expose", Value::kTrue, Via::kAnnotation},
    // The cluster IP, told to the routers around by BGP.
    Line{"annotation kube-router.io/service.advertise.clusterip", Value::kTrue, Via::kAnnotation},
    // A TCP proxy on every node.
    Line{"annotation kube-service-exposer.sidero.dev/port", Value::kNumber, Via::kAnnotation},
    // To other clusters and sites.
    Line{"annotation skupper.io/proxy", Value::kListed, Via::kExport, {"tcp", "http", "http2"}},
    Line{"annotation service.cilium.io/global", Value::kTrue, Via::kExport, {}, "service.cilium.io/shared"},
    Line{"annotation io.cilium/global-service", Value::kTrue, Via::kExport, {}, "io.cilium/shared-service"},
    Line{"annotation consul.hashicorp.com/service-sync", Value::kTrue, Via::kExport},
    Line{"label mirror.linkerd.io/exported", Value::kListed, Via::kExport, {"true", "remote-discovery"}},
};

using Texts = std::map<std::string, std::string>;

// nullptr: it is not there.
const std::string* text_of(const Texts& texts, std::string_view key) {
  const auto found = texts.find(std::string(key));
  return found == texts.end() ? nullptr : &found->second;
}

// What is written where the line looks, nullptr = nothing.
const std::string* written(const Service& service, const Line& line) {
  if (line.sign.starts_with(kLabel)) return text_of(service.meta.labels, line.sign.substr(kLabel.size()));
  return text_of(service.meta.annotations, line.sign.substr(kAnnotation.size()));
}

// 0 = none: such a value is no port, and the controller does nothing.
std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  return code == std::errc() && stop == end && Port::checked(number).ok() ? number : 0;
}

bool in_effect(const Line& line, std::string_view text) {
  switch (line.value) {
    case Value::kTrue:
      return text == "true";
    case Value::kListed:
      return !text.empty() && std::find(line.values.begin(), line.values.end(), text) != line.values.end();
    case Value::kNumber:
      return number_in(text) != 0;
  }
  return false;
}

}  // namespace

std::vector<Announcement> announcements_of(const Service& service) {
  std::vector<Announcement> found;
  if (service.meta.annotations.empty() && service.meta.labels.empty()) return found;
  for (const Line& line : kLines) {
    const std::string* text = written(service, line);
    if (text == nullptr || !in_effect(line, *text)) continue;
    const std::string* taken_back =
        line.unless.empty() ? nullptr : text_of(service.meta.annotations, line.unless);
    if (taken_back != nullptr && *taken_back == "false") continue;
    found.push_back({line.via, line.sign, line.value == Value::kNumber ? number_in(*text) : 0});
  }
  return found;
}

std::vector<std::string_view> announcement_signs() {
  std::vector<std::string_view> signs;
  for (const Line& line : kLines) signs.push_back(line.sign);
  return signs;
}

}  // namespace berth::exposure
