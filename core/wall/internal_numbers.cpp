#include "core/wall/internal_numbers.h"

#include <algorithm>
#include <utility>

#include "core/exposure/wording.h"
#include "core/model/via.h"
#include "core/wall/cel.h"

namespace berth::wall {
namespace {

constexpr std::array kProtocols = {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp};

constexpr char kFirst[] = R"([$NUMBERS
    .filter(n, $IS_INTERNAL)
    .map(n, $KEY in variables.names ? variables.names[$KEY] : "port " + string(n)$SUFFIX)]
    .map(all, all.size() > 0 ? all[0] : "")[0])";

constexpr char kSuffix[] = R"( + ($PROTOCOL == "TCP" ? "" : "/" + $PROTOCOL))";

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::string one_of(const std::string& number, const std::vector<std::int64_t>& numbers) {
  std::string list;
  for (const std::int64_t each : numbers) list += (list.empty() ? "" : ", ") + std::to_string(each);
  return number + " in [" + list + "]";
}

std::string in_spans(const std::string& number, const std::vector<PortSpan>& spans) {
  constexpr int kFew = 3;  // numbers of a span that are listed one by one
  std::vector<std::int64_t> numbers;
  std::vector<std::string> tests;
  for (const PortSpan& span : spans) {
    if (span.size() > kFew) {
      tests.push_back("(" + number + " >= " + to_string(span.first) + " && " + number +
                      " <= " + to_string(span.last) + ")");
      continue;
    }
    for (std::int64_t each = span.first.number(); each <= span.last.number(); ++each) numbers.push_back(each);
  }
  if (!numbers.empty()) tests.insert(tests.begin(), one_of(number, numbers));
  return tests.size() == 1 ? tests.front() : "(" + joined(tests, " || ") + ")";
}

// A way that some wall sees.
bool is_seen(const ExposureException& exception) {
  const std::string unseen = berth::to_string(Via::kCustom);
  return exception.via.empty() || std::any_of(exception.via.begin(), exception.via.end(),
                                              [&](const std::string& via) { return via != unseen; });
}

}  // namespace

InternalNumbers::InternalNumbers(const exposure::PolicyTable& table, Instant now) {
  for (const Protocol protocol : kProtocols) {
    OfProtocol& numbers = by_protocol_[static_cast<std::size_t>(protocol)];
    numbers.spans = table.internal_spans(protocol);
    for (const PolicyPort& entry : table.policy().spec.internal) {
      const bool named = !entry.service.empty() || !entry.purpose.empty();
      if (entry.protocol != protocol || entry.port == 0 || !named) continue;
      names_.emplace(std::to_string(entry.port) + "/" + berth::to_string(protocol),
                     exposure::port_text(entry.port, protocol, &entry));
    }
  }
  for (const ExposureException* exception : table.exceptions(now)) {
    if (!is_seen(*exception)) continue;
    by_protocol_[static_cast<std::size_t>(exception->protocol)].excepted[exception->ns].push_back(
        exception->port);
  }
  for (const Instant end : table.ends_of_exceptions()) {
    if (end > now && (!changes_at_ || end < *changes_at_)) changes_at_ = end;
  }
}

bool InternalNumbers::empty() const {
  return std::all_of(by_protocol_.begin(), by_protocol_.end(),
                     [](const OfProtocol& numbers) { return numbers.spans.empty(); });
}

std::string InternalNumbers::first_internal(const std::string& numbers, const std::string& protocol) const {
  std::vector<std::string> tests;
  for (const Protocol each : kProtocols) {
    const OfProtocol& of_it = of(each);
    const std::string name = cel_string(berth::to_string(each));
    const bool is_another = protocol.front() == '"' && protocol != name;
    if (of_it.spans.empty() || is_another) continue;
    std::string test = protocol == name ? "" : protocol + " == " + name + " && ";
    test += in_spans("n", of_it.spans);
    for (const auto& [ns, excepted] : of_it.excepted) {
      test += " &&\n      !(request.namespace == " + cel_string(ns) + " && " + one_of("n", excepted) + ")";
    }
    tests.push_back("(" + test + ")");
  }
  const std::string is_internal = tests.empty() ? "false" : joined(tests, " ||\n      ");
  const bool is_literal = protocol.front() == '"';
  return cel_text(kFirst, {{"NUMBERS", numbers},
                           {"IS_INTERNAL", is_internal},
                           {"KEY", "string(n) + \"/\" + " + protocol},
                           {"SUFFIX", is_literal ? "" : cel_text(kSuffix, {{"PROTOCOL", protocol}})}});
}

std::string InternalNumbers::names() const {
  std::string names;
  for (const auto& [name, words] : names_) {
    names += (names.empty() ? "" : ",\n ") + cel_string(name) + ": " + cel_string(words);
  }
  // An empty map would have no type.
  return names.empty() ? "{\"\": \"\"}" : "{" + names + "}";
}

}  // namespace berth::wall
