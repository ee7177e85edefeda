// WatcherWorld: an API server, a way to it that can be disturbed, and a watcher of Services in namespace a.
//
// For the tests of Watcher. Thread-safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/service.h"
#include "kube/client/client.h"
#include "kube/runtime/watcher.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"
#include "kube/testing/manual_clock.h"

namespace berth::runtime {

// What a watcher said, in words: "init", "listed x", "done", "apply x", "delete x", "reached", "rewound".
using Outputs = std::vector<std::string>;
using Codes = std::vector<Code>;

std::string described(const WatchOutput<Service>& output);

struct WatcherWorld {
  testing::ManualClock clock;
  testing::FakeApiServer server;
  testing::FaultyTransport transport;
  client::Client client;
  Outputs outputs = {};
  Watcher<Service> watcher;

  // page_size 0: lists are not paged.
  explicit WatcherWorld(testing::FakeApiServer::Config config = {}, std::int64_t page_size = 500);

  static client::Client::Config client_config(std::int64_t page_size);
  // Of Services, whose reads do not wait.
  static WatcherConfig watcher_config();

  // Creates the Service or changes it, undisturbed.
  Service put(const std::string& name);
  // Requires it to be there.
  void remove(const std::string& name);

  // Steps until nothing more is to be had; the errors on the way.
  Codes run();
  // The outputs since it was last called.
  Outputs take();
  // How many lists the server was asked for, every page counted, looks at the newest version not.
  [[nodiscard]] std::size_t lists() const;
};

}  // namespace berth::runtime
