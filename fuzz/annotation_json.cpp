// Text in annotations and ConfigMaps that controllers read as instructions: actions of load balancers,
// streams.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/exposure/stream_map.h"
#include "core/model/config_map.h"
#include "fuzz/must.h"
#include "kube/json/alb_action.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;  // NOLINT(google-build-using-namespace): only here
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto action = json::read_alb_action(text);
  if (!action.ok()) MUST(!action.error().message.empty());
  ConfigMap streams;
  streams.meta.ns = "ingress";
  streams.meta.name = "tcp-services";
  const std::size_t middle = text.find('\n');
  const std::string key = text.substr(0, middle);
  streams.data["9000"] = middle == std::string::npos ? text : text.substr(middle + 1);
  streams.data[key] = streams.data["9000"];
  const Entrance entrance = exposure::entrance_of(streams);
  MUST(entrance.targets.size() <= streams.data.size());
  return 0;
}
