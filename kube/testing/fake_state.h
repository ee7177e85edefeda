// FakeApiServer::State: what the fake API server knows, and the verbs upon it.
//
// The verbs are carried out in fake_read.cpp, fake_write.cpp and fake_deletion.cpp, watches in
// fake_watch.cpp. Private to the fake API server. Thread-safety: every function except the constructor
// requires `mutex` held by the caller.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/testing/fake_api_server.h"
#include "kube/testing/fake_fields.h"
#include "kube/testing/fake_selectors.h"
#include "kube/testing/fake_services.h"
#include "kube/testing/fake_target.h"

namespace berth::testing {

using SharedTree = std::shared_ptr<const json::Tree>;

struct FakeObject {
  SharedTree tree = {};
  FieldOwners owners = {};
};

struct FakeKind {
  wire::Kind kind = {};
  KindTraits traits = {};
  std::map<ObjectKey, FakeObject> objects = {};
};

// What every write carries.
struct WriteContext {
  std::string manager = {};
  bool dry_run = false;
  bool force = false;
};

struct FakeApiServer::State {
  State(ManualClock& manual_clock, Config with);

  // One request that is no watch.
  http::Response handle(const http::Request& request);

  FakeKind* find_kind(const FakeTarget& target);

  http::Response get(const FakeKind& kind, const ObjectKey& key) const;
  http::Response list(const FakeKind& kind, const FakeTarget& target);
  http::Response create(FakeKind& kind, const FakeTarget& target, json::Tree wanted,
                        const WriteContext& context);
  http::Response replace(FakeKind& kind, const FakeTarget& target, json::Tree wanted,
                         const WriteContext& context);
  http::Response patch(FakeKind& kind, const FakeTarget& target, const json::Tree& patch,
                       const WriteContext& context);
  http::Response apply(FakeKind& kind, const FakeTarget& target, json::Tree config,
                       const WriteContext& context);
  http::Response remove(FakeKind& kind, const FakeTarget& target, const json::Tree& options,
                        const WriteContext& context);

  // The end of every update: keeps what only the server may change, bumps the generation, notices a write
  // that changes nothing, ends an object whose last finalizer went.
  http::Response update(FakeKind& kind, const ObjectKey& key, json::Tree next, const std::string& subresource,
                        const WriteContext& context, std::optional<FieldOwners> owners);

  // Makes a revision. `after` null: deleted. Returns the object with its new version (of a deletion: the last
  // state with the version of the deletion).
  SharedTree commit(FakeKind& kind, const ObjectKey& key, SharedTree before, std::optional<json::Tree> after,
                    FieldOwners owners, const std::string& manager);
  // Deletes, or marks when finalizers hold it.
  http::Response end(FakeKind& kind, const ObjectKey& key, const WriteContext& context);

  std::size_t collect_garbage();
  void rewind(std::int64_t to);
  void forget_pages();  // continue tokens expire

  // The answer to a request that made or found `tree`, as the client asked for it.
  static http::Response reply(int status, const json::Tree& tree);

  const Config config;
  ManualClock* const clock;
  mutable std::mutex mutex;
  std::condition_variable changed;

  std::map<std::pair<std::string, std::string>, FakeKind> kinds;  // (group, plural)
  FakeServices services;
  std::vector<Revision> history;
  std::int64_t revision;
  std::int64_t oldest;             // watches from before this version expire
  std::uint64_t broken_epoch = 0;  // streams of an earlier epoch break
  std::uint64_t frozen_epoch = 0;  // streams of an earlier epoch are silent for ever
  std::uint64_t epoch = 0;
  std::optional<std::int64_t> hold;
  std::vector<LoggedRequest> log;

 private:
  struct Page {
    std::vector<SharedTree> rest;
    std::int64_t revision = 0;
  };

  std::string next_uid();
  std::string generated(const std::string& prefix);
  [[nodiscard]] std::optional<http::Response> refuse_namespace(const FakeKind& kind,
                                                               const std::string& ns) const;
  bool sweep_namespace(FakeKind& namespaces, const ObjectKey& key, std::size_t& removed);
  bool sweep_object(FakeKind& kind, const ObjectKey& key, const std::set<std::string>& living,
                    std::size_t& removed);

  std::map<std::string, Page> pages_;
  std::uint64_t uids_ = 0;
  std::uint64_t names_ = 0;
  std::uint64_t tokens_ = 0;
};

// A watch. `hold` may be null.
std::unique_ptr<http::Stream> open_fake_watch(std::shared_ptr<FakeApiServer::State> state, FakeKind& kind,
                                              const FakeTarget& target, FakeSelector selector,
                                              std::shared_ptr<const WatchHold> hold);

}  // namespace berth::testing
