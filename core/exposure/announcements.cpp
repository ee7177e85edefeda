#include "core/exposure/announcements.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

namespace berth::exposure {
namespace {

enum class Value {
  kTrue,    // "true": all ports of the Service
  kListed,  // one of Line::values, likewise
  kNumber,  // the number where its first TCP port is shown
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
  std::string_view ports = {};                  // another annotation that says which ports
};

constexpr std::array kLines = {
    // Into a tailnet, to machines outside of the cluster.
    Line{"annotation tailscale.com/expose", Value::kTrue, Via::kAnnotation},
    // The cluster IP, told to the routers around by BGP.
    Line{"annotation kube-router.io/service.advertise.clusterip", Value::kTrue, Via::kAnnotation},
    // A TCP proxy on every node.
    Line{"annotation kube-service-exposer.sidero.dev/port", Value::kNumber, Via::kAnnotation},
    // To other clusters and sites.
    Line{"annotation skupper.io/proxy",
         Value::kListed,
         Via::kExport,
         {"tcp", "http", "http2"},
         {},
         "skupper.io/port"},
    Line{"annotation service.cilium.io/global", Value::kTrue, Via::kExport, {}, "service.cilium.io/shared"},
    Line{"annotation io.cilium/global-service", Value::kTrue, Via::kExport, {}, "io.cilium/shared-service"},
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

bool is_first_tcp_port(const Service& service, const ServicePort& port) {
  const auto first = std::find_if(service.ports.begin(), service.ports.end(),
                                  [](const ServicePort& one) { return one.protocol == Protocol::kTcp; });
  return first != service.ports.end() && &*first == &port;
}

// Is the number one of those in "8080:80,443"? There 8080 is what others see, and 80 what the Service has.
bool lists_port(std::string_view text, std::int64_t number) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(",:");
    if (number_in(text.substr(0, end)) == number) return true;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

// A list of ports that names none of the Service's says something else: then it is all of them.
bool concerns(const Line& line, const Service& service, const ServicePort& port) {
  if (line.value == Value::kNumber) return is_first_tcp_port(service, port);
  const std::string* listed = line.ports.empty() ? nullptr : text_of(service.meta.annotations, line.ports);
  if (listed == nullptr || lists_port(*listed, port.port)) return true;
  return std::none_of(service.ports.begin(), service.ports.end(),
                      [&](const ServicePort& other) { return lists_port(*listed, other.port); });
}

}  // namespace

std::vector<Announcement> announcements_of(const Service& service, const ServicePort& port) {
  std::vector<Announcement> found;
  if (service.meta.annotations.empty() && service.meta.labels.empty()) return found;
  for (const Line& line : kLines) {
    const std::string* text = written(service, line);
    if (text == nullptr || !in_effect(line, *text) || !concerns(line, service, port)) continue;
    const std::string* taken_back =
        line.unless.empty() ? nullptr : text_of(service.meta.annotations, line.unless);
    if (taken_back != nullptr && *taken_back == "false") continue;
    found.push_back({line.via, line.sign, line.value == Value::kNumber ? number_in(*text) : port.port});
  }
  return found;
}

std::vector<std::string_view> announcement_signs() {
  std::vector<std::string_view> signs;
  for (const Line& line : kLines) signs.push_back(line.sign);
  return signs;
}

}  // namespace berth::exposure
