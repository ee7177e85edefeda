// Auditor: the invariants of allocation, checked from what the API server holds and nothing else. For tests.
//
// check() after every write, check_rest() when nothing is left to do. The numbers I1 to I14 are those of
// docs/decisions; it never looks into a leader. Thread-safety: none.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/allocation/ledger.h"
#include "core/testing/api_server.h"

namespace berth::testing {

class Auditor {
 public:
  // `uids_are_names`: every life of a name has the same UID, so that lives must be told apart otherwise.
  Auditor(const ApiServer& api, bool uids_are_names) : api_(api), uids_are_names_(uids_are_names) {}

  // What users did: it moves numbers rightly, and begins lives.
  void created(const std::string& name) { ++lives_[name]; }
  void edited(const Uid& uid) { edited_.insert(uid); }

  void check();
  void check_rest();
  void check_nothing_is_left();
  void fail(const std::string& what);
  // Empty, or the first broken invariant.
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  using Entries = std::map<std::int64_t, allocation::Entry>;

  [[nodiscard]] Entries entries() const;
  [[nodiscard]] std::string identity(const Uid& uid) const;
  void check_shards();
  void check_holders(const Entries& entries);
  void check_services(const Entries& entries);
  void check_status(const Entries& entries);
  void check_config_maps(const Entries& entries);
  void check_told(const PortAllocation& allocation);
  void check_answer(const PortAllocation& allocation);
  void check_migration(const PortAllocation& allocation);
  [[nodiscard]] bool may_change_hands(std::int64_t number, const allocation::Entry& entry,
                                      Duration since) const;
  void check_published(const PortAllocation& allocation);

  const ApiServer& api_;
  bool uids_are_names_;
  std::set<Uid> edited_ = {};
  std::map<std::string, int> lives_ = {};
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> shards_ = {};  // fence, next sequence
  std::map<std::int64_t, std::pair<std::string, Instant>> last_seen_ =
      {};                                                    // by number: who had it, until when
  std::map<std::int64_t, allocation::Entry> recorded_ = {};  // by number: the last entry seen
  std::map<std::pair<std::string, std::string>, std::int64_t> published_ = {};  // by owner and port
  std::string broken_ = {};
};

}  // namespace berth::testing
