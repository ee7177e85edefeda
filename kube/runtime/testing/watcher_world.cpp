#include "kube/runtime/testing/watcher_world.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>
#include <variant>

#include "core/base/overloaded.h"
#include "kube/testing/builders.h"

namespace berth::runtime {

std::string described(const WatchOutput<Service>& output) {
  return std::visit(Overloaded{
                        [](const Rewound&) { return std::string("rewound"); },
                        [](const Init&) { return std::string("init"); },
                        [](const InitApply<Service>& event) { return "listed " + event.object.meta.name; },
                        [](const InitDone&) { return std::string("done"); },
                        [](const Apply<Service>& event) { return "apply " + event.object.meta.name; },
                        [](const Delete<Service>& event) { return "delete " + event.object.meta.name; },
                        [](const Reached&) { return std::string("reached"); },
                    },
                    output);
}

WatcherWorld::WatcherWorld(testing::FakeApiServer::Config config, std::int64_t page_size)
    : server(clock, config),
      transport(server),
      client(transport, client_config(page_size)),
      watcher(client, clock, watcher_config(),
              [this](const WatchOutput<Service>& output) { outputs.push_back(described(output)); }) {}

client::Client::Config WatcherWorld::client_config(std::int64_t page_size) {
  client::Client::Config config;
  config.field_manager = "test";
  config.page_size = page_size;
  return config;
}

WatcherConfig WatcherWorld::watcher_config() {
  WatcherConfig config;
  config.kind = wire::kService;
  config.read_wait = Duration(0);
  return config;
}

Service WatcherWorld::put(const std::string& name) {
  const client::Client direct(server, client_config(0));
  const auto present = direct.get<Service>(wire::kService, {"a", name});
  if (!present.ok()) {
    return direct.create(wire::kService, testing::make_service("a", name, {testing::make_service_port(80)}))
        .value();
  }
  Service next = *present;
  next.meta.labels["revision"] = present->meta.resource_version;
  return direct.replace(wire::kService, next).value();
}

void WatcherWorld::remove(const std::string& name) {
  const client::Client direct(server, client_config(0));
  const auto present = direct.get<Service>(wire::kService, {"a", name}).value();
  ASSERT_TRUE(direct.remove<Service>(wire::kService, present.meta.key(), {.uid = present.meta.uid}).ok());
}

Codes WatcherWorld::run() {
  Codes errors;
  for (int i = 0; i < 100; ++i) {
    const auto progress = watcher.step();
    if (!progress.ok()) {
      errors.push_back(progress.error().code);
    } else if (*progress == Progress::kIdle) {
      return errors;
    }
  }
  ADD_FAILURE() << "the watcher never rests";
  return errors;
}

Outputs WatcherWorld::take() { return std::exchange(outputs, {}); }

std::size_t WatcherWorld::lists() const {
  const auto log = server.log();
  return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [](const auto& each) {
    const std::string& target = each.request.target;
    const bool look = target.ends_with("limit=1") || target.find("limit=1&") != std::string::npos;
    return !each.watch && each.request.method == "GET" && target.find("/services?") != std::string::npos &&
           !look;
  }));
}

}  // namespace berth::runtime
