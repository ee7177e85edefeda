// What the wire costs: texts of the API server become model objects.
#include <benchmark/benchmark.h>

#include "bench/micro/require.h"
#include "bench/sample.h"
#include "kube/json/codec.h"
#include "kube/wire/watch_event.h"
#include "kube/wire/watch_framer.h"

namespace berth::bench {
namespace {

constexpr int kListed = 1000;

void decode_service(benchmark::State& state) {
  const std::string text = service_text(7);
  Result<Service> service = json::decode<Service>(text);
  for (auto _ : state) {
    service = json::decode<Service>(text);
    benchmark::DoNotOptimize(service);
  }
  require(service.ok() && service->ports.size() == 2 && service->ports[1].node_port == 30015,
          "the Service has its second node port");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void decode_list(benchmark::State& state) {
  std::string text =
      R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[)";
  for (int i = 0; i < kListed; ++i) text += (i == 0 ? "" : ",") + service_text(i);
  text += "]}";
  auto list = json::decode_list<Service>(text, "v1", "Service");
  for (auto _ : state) {
    list = json::decode_list<Service>(text, "v1", "Service");
    benchmark::DoNotOptimize(list);
  }
  require(list.ok() && list->items.size() == kListed && list->items.back().meta.name == "web-999",
          "the list has every Service");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

// Bytes of a watch as they come: framed, taken apart, decoded.
void read_watch(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < kListed; ++i) bytes += R"({"type":"MODIFIED","object":)" + service_text(i) + "}\n";
  std::int64_t node_ports = 0;
  for (auto _ : state) {
    node_ports = 0;
    wire::WatchFramer framer;
    framer.feed(bytes);
    for (auto line = framer.next(); line.ok() && line->has_value(); line = framer.next()) {
      const auto event = wire::parse_watch_event(**line);
      require(event.ok(), "a line is a watch event");
      const auto service = json::decode<Service>(event->object);
      require(service.ok(), "an event carries a Service");
      node_ports += service->ports.front().node_port;
    }
  }
  require(node_ports == kListed * (30000 + kListed - 1), "every event arrived once");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

BENCHMARK(decode_service)->Name("decode one Service of 2 KB");
BENCHMARK(decode_list)->Name("decode a list of 1000 Services");
BENCHMARK(read_watch)->Name("read 1000 watch events of Services");

}  // namespace
}  // namespace berth::bench
