// Workbench: the operator's parts on one table, over an API server in this process.
//
// No watches, no queue, no threads: read() fills the stores with what the server holds at that moment, and
// until then they lag as far as a test wants. What the operator itself writes goes into the stores at once,
// as in the program. `people` is everybody else's way to the server, past the faults. Thread-safety: none.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kube/client/client.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/faulty_transport.h"
#include "kube/testing/manual_clock.h"
#include "operator/applier.h"
#include "operator/bookkeeper.h"
#include "operator/observer.h"
#include "operator/reporter.h"
#include "operator/stores.h"
#include "operator/work.h"

namespace berth::controller {

class Workbench {
 public:
  // With a Namespace "mesh" and a PortRange "mesh" of the NodePort numbers `first` to `last` that rest for
  // five seconds; both are in the stores already.
  explicit Workbench(std::int64_t first = 30500, std::int64_t last = 30509);

  // Every store now holds what the server holds, as after a list.
  void read();

  // As somebody else; the stores do not know of it before read().
  template <class T>
  T make(const wire::Kind& kind, const T& object) {
    return people.create(kind, object).value();
  }
  // Allocation "mesh/<name>" of range "mesh" with one port "api" (number 0 = any), exposed to the outside.
  PortAllocation allocate(const std::string& name, std::int64_t number = 0);
  template <class T>
  void remove(const wire::Kind& kind, const ObjectKey& key) {
    const auto present = people.get<T>(kind, key);
    (void)people.remove<T>(kind, key, {.uid = present.value().meta.uid}).value();
  }
  template <class T>
  [[nodiscard]] std::optional<T> at_server(const wire::Kind& kind, const ObjectKey& key) const {
    return testing::stored<T>(server, kind, key);
  }

  // The first request of the operator whose method is `method` and whose target contains `part` fails so.
  void fail_once(std::string method, std::string part, testing::Fault fault);
  // `act` happens just before that request reaches the server.
  void just_before(std::string method, std::string part, std::function<void()> act);
  // Every such request is answered by `answer`: a transport that lies.
  void answer_always(std::string method, std::string part,
                     std::function<http::Response(const http::Request&)> answer);

  // Requests that the operator made since the last clear, "PUT /apis/berth.dev/v1alpha1/portledgers/...".
  [[nodiscard]] std::vector<std::string> writes() const;
  void clear_log() { server.clear_log(); }

  // What the ledger says of a NodePort number: "held mesh/api", "resting mesh/api" or "free".
  [[nodiscard]] std::string record(std::int64_t number) const;
  // In the ledger as if it had always been there. The shard is written by somebody else, under that fence.
  void put_record(std::int64_t number, const PortAllocation& owner, std::int64_t fence = 0);

  testing::ManualClock clock;
  testing::FakeApiServer server;
  testing::FaultyTransport faults{server};
  client::Client client;
  client::Client people;
  Stores stores;
  Observer observer;
  Applier applier;
  Bookkeeper bookkeeper;
  Reporter reporter;

 private:
  StoreListeners listeners();
};

// A Service generated for the allocation that shows the number; a policy generated for it.
Service generated_service(const PortAllocation& owner, std::int64_t number);
NetworkPolicy generated_policy(const PortAllocation& owner);

}  // namespace berth::controller
