#include "kube/adapters/calico_ports.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "kube/adapters/path.h"
#include "kube/adapters/policy_parts.h"

namespace berth::adapters {
namespace {

using json::Tree;

struct KnownProtocol {
  std::string_view name;
  std::string_view number;
  std::optional<Protocol> protocol;  // nothing: no container has a port of it
};
constexpr std::array<KnownProtocol, 6> kProtocols = {{{"TCP", "6", Protocol::kTcp},
                                                      {"UDP", "17", Protocol::kUdp},
                                                      {"SCTP", "132", Protocol::kSctp},
                                                      {"ICMP", "1", std::nullopt},
                                                      {"ICMPv6", "58", std::nullopt},
                                                      {"UDPLite", "136", std::nullopt}}};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Of the three that have ports, those that `text` names; std::nullopt: it is no protocol.
std::optional<std::vector<Protocol>> protocols_named(const std::string& text) {
  for (const KnownProtocol& known : kProtocols) {
    if (text != known.name && text != known.number) continue;
    if (!known.protocol) return std::vector<Protocol>();
    return std::vector<Protocol>{*known.protocol};
  }
  return is_number(text) ? std::optional(std::vector<Protocol>()) : std::nullopt;
}

struct Protocols {
  std::vector<Protocol> all = {kEveryProtocol.begin(), kEveryProtocol.end()};
  bool certain = true;
};

Protocols protocols_of(const Tree& rule) {
  Protocols protocols;
  for (const bool wanted : {true, false}) {
    const Tree* said = rule.find({wanted ? "protocol" : "notProtocol"});
    if (said == nullptr || says_nothing(*said)) continue;
    const auto named = protocols_named(text_of(*said));
    if (!named) protocols.certain = false;
    if (!named) continue;
    std::erase_if(protocols.all, [&](Protocol protocol) {
      return (std::find(named->begin(), named->end(), protocol) != named->end()) != wanted;
    });
  }
  return protocols;
}

struct Span {
  std::int64_t first = Port::kMin;
  std::int64_t last = Port::kMax;
};

// What a list of ports says.
struct Written {
  std::vector<Span> spans = {};
  std::vector<std::string> names = {};
  bool certain = true;
};

std::optional<Span> span_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return Span{port_number(text), port_number(text)};
  const std::string first = text.substr(0, colon);
  const Span span{first == "0" ? Port::kMin : port_number(first), port_number(text.substr(colon + 1))};
  const bool read = span.first != 0 && span.first <= span.last;
  return read ? std::optional(span) : std::nullopt;
}

Written written_ports(const Tree& rule, std::string_view member) {
  Written written;
  for (const std::string& text : texts_at(rule, {"destination", member})) {
    const bool has_letters = text.find_first_not_of("0123456789:") != std::string::npos;
    const auto span = has_letters ? std::nullopt : span_of(text);
    if (has_letters) {
      written.names.push_back(text);
    } else if (!span) {
      written.certain = false;
    } else if (span->first != 0) {  // nobody listens at 0
      written.spans.push_back(*span);
    }
  }
  return written;
}

// In their order, and none beside or over another.
std::vector<Span> merged(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<Span> all;
  for (const Span& span : spans) {
    if (!all.empty() && span.first <= all.back().last + 1) {
      all.back().last = std::max(all.back().last, span.last);
    } else {
      all.push_back(span);
    }
  }
  return all;
}

// Those of `spans` without those of `gone`; both are merged.
std::vector<Span> without(const std::vector<Span>& spans, const std::vector<Span>& gone) {
  std::vector<Span> left;
  auto hole = gone.begin();
  for (Span span : spans) {
    while (hole != gone.end() && hole->last < span.first) ++hole;
    for (auto here = hole; here != gone.end() && here->first <= span.last; ++here) {
      if (here->first > span.first) left.push_back({span.first, here->first - 1});
      span.first = here->last + 1;
    }
    if (span.first <= span.last) left.push_back(span);
  }
  return left;
}

void add(const Span& span, Protocol protocol, std::vector<NetworkPolicyPort>& ports) {
  const bool is_every = span.first == Port::kMin && span.last == Port::kMax;
  NetworkPolicyPort port;
  port.protocol = protocol;
  port.port = is_every ? 0 : span.first;
  port.end_port = is_every || span.last == span.first ? 0 : span.last;
  ports.push_back(std::move(port));
}

}  // namespace

std::optional<std::vector<NetworkPolicyPort>> calico_ports(const Tree& rule, bool only_certain) {
  const Protocols protocols = protocols_of(rule);
  Written ports = written_ports(rule, "ports");
  Written gone = written_ports(rule, "notPorts");
  const bool certain = protocols.certain && ports.certain && gone.certain && gone.names.empty();
  if (only_certain && !certain) return std::nullopt;
  const bool any_said = !list_at(rule, {"destination", "ports"}).empty();
  if (!any_said || !ports.certain) ports.spans = {Span()};
  const std::vector<Span> spans = without(merged(std::move(ports.spans)), merged(std::move(gone.spans)));
  std::vector<NetworkPolicyPort> all;
  for (const Protocol protocol : protocols.all) {
    for (const Span& span : spans) add(span, protocol, all);
    for (const std::string& name : ports.names) all.push_back({protocol, 0, 0, name});
  }
  if (all.empty()) return std::nullopt;
  const bool is_every = protocols.all.size() == kEveryProtocol.size() &&
                        std::all_of(all.begin(), all.end(), [](const NetworkPolicyPort& port) {
                          return port.port == 0 && port.name.empty();
                        });
  if (is_every) all.clear();
  return all;
}

}  // namespace berth::adapters
