// Numbers as people write them in ranges, blocks and policies: what is read reads back the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/allocation/range.h"
#include "core/base/port.h"
#include "core/model/port_range.h"
#include "fuzz/must.h"

namespace berth {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < 32) {
    const std::size_t end = text.find_first_of("\n,");
    words.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return words;
}

void check_spans(const std::vector<std::string>& words) {
  std::vector<PortSpan> spans;
  for (const std::string& word : words) {
    (void)parse_port_span_relative(word, Port::of(24500));
    const auto span = parse_port_span(word);
    if (!span.ok()) {
      MUST(!span.error().message.empty());
      continue;
    }
    MUST(span->first <= span->last);
    MUST(*parse_port_span(to_string(*span)) == *span);
    spans.push_back(*span);
  }
  const std::vector<PortSpan> joined = normalized(spans);
  MUST(normalized(joined) == joined);
  for (const PortSpan& span : spans) MUST(contains(joined, span.first) && contains(joined, span.last));
  for (std::size_t i = 1; i < joined.size(); ++i) {
    MUST(joined[i - 1].last.number() + 1 < joined[i].first.number());
  }
}

void check_range(const std::vector<std::string>& words) {
  PortRange range;
  range.meta.name = "fuzz";
  range.spec.space = "NodePort";
  range.spec.ports = words;
  range.spec.blocks.push_back({.name = "block", .ports = words});
  const auto compiled = allocation::compile(range);
  if (!compiled.ok()) MUST(!compiled.error().message.empty());
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto words = berth::words_of({reinterpret_cast<const char*>(data), size});
  berth::check_spans(words);
  berth::check_range(words);
  return 0;
}
