// A watch as it arrives, in pieces: lines, events, and the objects in them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/exposure_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "fuzz/must.h"
#include "kube/json/codec.h"
#include "kube/json/tree.h"
#include "kube/wire/watch_event.h"
#include "kube/wire/watch_framer.h"

namespace berth {
namespace {

constexpr std::size_t kMaxLine = 1U << 16U;

std::vector<std::string> lines_of(const std::vector<std::string_view>& pieces) {
  wire::WatchFramer framer(kMaxLine);
  std::vector<std::string> lines;
  for (const std::string_view piece : pieces) {
    framer.feed(piece);
    while (true) {
      const auto line = framer.next();
      if (!line.ok() || !line->has_value()) break;
      MUST((*line)->size() <= kMaxLine);
      lines.emplace_back(**line);
    }
  }
  return lines;
}

// What is read is written so that it reads back the same.
template <class T>
void check_codec(const std::string& text) {
  const auto read = json::decode<T>(text);
  if (!read.ok()) {
    MUST(!read.error().message.empty());
    return;
  }
  const auto again = json::decode<T>(json::encode(*read));
  MUST(again.ok());
  MUST(json::encode(*again) == json::encode(*read));
}

void check(std::string_view text) {
  const std::size_t middle = text.size() / 2;
  const std::vector<std::string> lines = lines_of({text});
  MUST(lines_of({text.substr(0, middle), text.substr(middle)}) == lines);
  for (const std::string& line : lines) {
    const auto event = wire::parse_watch_event(line);
    if (!event.ok()) {
      MUST(!event.error().message.empty());
      continue;
    }
    MUST(!event->resource_version.empty());
    MUST(json::parse_tree(event->object).ok());
    check_codec<Service>(event->object);
    check_codec<Workload>(event->object);
    check_codec<PortAllocation>(event->object);
    check_codec<ExposurePolicy>(event->object);
  }
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
