// World: everything that may happen around core, in an order that a seed decides. For tests.
//
// Users create, edit and delete allocations, somebody publishes nodePorts without one, time passes, leaders
// crash between any two writes, fall behind and are replaced while the old ones go on. What must hold all the
// while is the Auditor's. Thread-safety: none; same seed, same history.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/testing/api_server.h"
#include "core/testing/auditor.h"
#include "core/testing/leader.h"

namespace berth::testing {

class World {
 public:
  World(unsigned seed, Mistake mistake);
  // The parts refer to each other.
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // So many steps, then rest, then everything is deleted and there is rest again. Empty when all is well,
  // else the first broken invariant.
  const std::string& run(int steps);
  [[nodiscard]] const std::vector<std::string>& history() const { return history_; }

 private:
  [[nodiscard]] bool well() const { return auditor_.broken().empty(); }
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string pick_name() { return std::string(1, static_cast<char>('a' + pick(3))); }
  void note(const std::string& what) { history_.push_back(what); }

  void step();
  void create();
  void remove();
  Migration pick_migration();
  void edit();
  void publish_or_remove_a_foreign_service();
  void pass_time(std::chrono::seconds span);
  void remember_allocations();
  void fall_behind();
  void take_over(std::int64_t fence);
  Leader& active() { return leaders_.back(); }
  Leader& any_leader() { return pick(5) == 0 ? leaders_[pick(leaders_.size())] : active(); }
  void settle();

  std::mt19937 random_;
  Mistake mistake_;
  ApiServer api_ = {};
  Auditor auditor_;
  std::deque<Leader> leaders_ = {};  // the last one is the real one
  std::vector<std::map<std::string, PortAllocation>> past_ = {};
  int uids_ = 0;
  std::vector<std::string> history_ = {};
};

}  // namespace berth::testing
