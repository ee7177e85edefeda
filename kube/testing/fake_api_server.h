// FakeApiServer: an API server in this process, with a history of every revision.
//
// It behaves as kube-apiserver v1.36 does where Berth can notice (control-plane.md 4; conformance.h runs the
// same checks against both): optimistic concurrency, uids, generations, status subresources, server-side
// apply as far as one manager per field needs it, preconditions, finalizers, nodePorts, lists in pages,
// watches with bookmarks, 410 after compaction. It has no users, no admission, no schema validation beyond
// what is said below, no strategic merge patch and no protobuf; namespaces need not exist unless the Config
// says so. Garbage collection happens when a test says so.
//
// Deterministic: uids and names come from counters, time from the ManualClock. A watch stream's read() does
// not wait for simulated time: when nothing is there it returns Timeout at once and may be read again
// (Watcher with read_wait 0), unless Config::blocking_reads.
// Thread-safety: all functions from any thread, except that the history is only stable while nobody writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/object_key.h"
#include "core/base/result.h"
#include "kube/http/transport.h"
#include "kube/json/codec.h"
#include "kube/json/tree.h"
#include "kube/testing/manual_clock.h"
#include "kube/wire/kind.h"

namespace berth::testing {

// How the server treats a kind. Every kind of kube/wire is known from the start.
struct KindTraits {
  bool custom = false;  // PUT needs a resourceVersion; lists put items first
  bool status_subresource = false;
  bool generation = false;  // counts changes of anything but metadata and status
};

// One change, as etcd keeps it.
struct Revision {
  std::int64_t number = 0;
  wire::Kind kind = {};
  ObjectKey key = {};
  Uid uid = {};
  std::shared_ptr<const json::Tree> before = {};  // null: created
  std::shared_ptr<const json::Tree> after = {};   // null: deleted
  std::string by = {};                            // field manager of the request
};

struct LoggedRequest {
  http::Request request = {};
  int status = 0;
  std::int64_t revision = 0;  // after it
  bool changed = false;       // it made a revision
  bool watch = false;
  [[nodiscard]] bool write() const { return request.method != "GET"; }
};

// Lets watches see only a part of history.
struct WatchHold {
  std::optional<std::int64_t> up_to = {};
};

class FakeApiServer final : public http::Transport {
 public:
  struct Config {
    std::int64_t node_port_low = 30000;
    std::int64_t node_port_high = 32767;
    std::int64_t page_ceiling = 0;  // a server that gives smaller pages than asked for; 0 = as asked
    Duration bookmark_interval{60'000};
    bool require_namespaces = false;  // 404 for a create in a namespace that does not exist
    std::size_t chunk_bytes = 0;      // watches come in pieces of this many bytes; 0 = whole lines
    bool blocking_reads = false;      // read() really waits: for tests with threads
    std::int64_t first_revision = 100;
    bool field_owners = true;  // false: nobody applies, so who owns which field need not be kept
  };

  explicit FakeApiServer(ManualClock& clock) : FakeApiServer(clock, Config{}) {}
  FakeApiServer(ManualClock& clock, Config config);
  ~FakeApiServer() override;

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override;
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override;

  // A client's own way in, whose watches can be held apart from everybody else's: an API server that lags.
  // Requires: the server outlives it.
  [[nodiscard]] std::unique_ptr<http::Transport> view(std::shared_ptr<const WatchHold> hold);

  void add_kind(const wire::Kind& kind, KindTraits traits);

  // --- What is there, without a request -------------------------------------------------------------------
  [[nodiscard]] std::int64_t revision() const;
  [[nodiscard]] std::optional<json::Tree> object(const wire::Kind& kind, const ObjectKey& key) const;
  [[nodiscard]] std::vector<json::Tree> objects(const wire::Kind& kind, std::string_view ns = "") const;
  // From the start, also what compaction took from the watches. Rewinding cuts it.
  [[nodiscard]] std::vector<Revision> history() const;
  [[nodiscard]] std::vector<LoggedRequest> log() const;
  // Requests other than GET since the start (or the last clear_log()).
  [[nodiscard]] std::size_t write_requests() const;
  void clear_log();

  // --- What happens to a server ---------------------------------------------------------------------------
  // Watches and continue tokens from before now expire (410).
  void compact();
  // Restores etcd as of that revision: objects, revision counter and nodePorts go back; streams break.
  void rewind(std::int64_t revision);
  // Every open stream breaks; with `forget`, watches from any earlier version get 410 (as after a restart).
  void restart(bool forget);
  // Open streams stay open and silent for ever, as when the server dies without a word.
  void freeze_watches();
  // Watches of everybody see nothing newer; nullopt releases them.
  void hold_watches(std::optional<std::int64_t> up_to);
  // Deletes what is owned only by objects that are gone (by uid), until nothing is left to do. Returns how
  // many.
  std::size_t collect_garbage();
  // A Service whose creation was cut off between its number and its storing: the nodePort is taken, and
  // nobody has it. The repair loop (minutes later, on a real server) gives it back.
  void leak_node_port(std::int64_t number);
  void repair_node_ports();
  // A user's change of an object, past all rules but counting as a revision. False: no such object.
  bool edit(const wire::Kind& kind, const ObjectKey& key, const std::function<void(json::Tree&)>& change);

  struct State;

 private:
  // Streams share it: they may outlive the server.
  std::shared_ptr<State> state_;
};

// Typed access for tests: aborts when the server refuses (seed) or the object cannot be decoded.
template <class T>
std::optional<T> stored(const FakeApiServer& server, const wire::Kind& kind, const ObjectKey& key) {
  const auto tree = server.object(kind, key);
  if (!tree) return std::nullopt;
  return json::decode<T>(json::print_tree(*tree)).value();
}
template <class T>
std::vector<T> all_stored(const FakeApiServer& server, const wire::Kind& kind, std::string_view ns = "") {
  std::vector<T> all;
  for (const json::Tree& tree : server.objects(kind, ns)) {
    all.push_back(json::decode<T>(json::print_tree(tree)).value());
  }
  return all;
}

}  // namespace berth::testing
