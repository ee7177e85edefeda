// A bug put here on purpose: a run of the fuzzers that does not find it has proved nothing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/port.h"
#include "fuzz/must.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto span = berth::parse_port_span({reinterpret_cast<const char*>(data), size});
  MUST(!span.ok() || span->size() < 10);
  return 0;
}
