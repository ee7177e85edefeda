#include "core/testing/world.h"

#include <algorithm>

#include "core/allocation/builders_for_test.h"

namespace berth::testing {
namespace {

constexpr std::size_t kLeaders = 4;
constexpr std::size_t kRemembered = 6;
constexpr std::int64_t kLastFence = 100;
constexpr int kIdleRounds = 14;   // longer than any rest
constexpr char kSticky[] = "8m";  // longer than a rest and the difference of two clocks
constexpr std::chrono::seconds kRound(40);

}  // namespace

World::World(unsigned seed, Mistake mistake)
    : random_(seed), mistake_(mistake), auditor_(api_, mistake == Mistake::kNoUid) {
  api_.range = range("mesh", "NodePort", {"24574-24577"});  // two shards
  api_.range.spec.reserved = {{{"24577"}, "kept"}};
  api_.written = [this] { auditor_.check(); };
  take_over(1);
}

const std::string& World::run(int steps) {
  for (int i = 0; i < steps && well(); ++i) step();
  if (well()) settle();
  if (well()) {
    api_.allocations.clear();
    settle();
  }
  if (well()) auditor_.check_nothing_is_left();
  return auditor_.broken();
}

void World::step() {
  switch (pick(14)) {
    case 0:
      return create();
    case 1:
      return remove();
    case 2:
      return edit();
    case 3:
      return publish_or_remove_a_foreign_service();
    case 4:
      return pass_time(std::chrono::seconds(1 + pick(140)));
    case 5:
      if (pick(4) != 0) return active().refresh();
      if (leaders_.size() < kLeaders) take_over(static_cast<std::int64_t>(leaders_.size()) + 1);
      return;
    case 6:
    case 7:
      any_leader().claim(pick(3));
      return;
    case 8:
    case 9:
    case 10:
      any_leader().plan(pick_name(), pick(12));
      return;
    case 11:
      any_leader().release(pick(4));
      return;
    case 12:
      any_leader().sweep();
      return;
    default:
      return fall_behind();
  }
}

// ---- users ----

void World::create() {
  const std::string name = pick_name();
  if (api_.allocations.contains(name)) return;
  static constexpr std::int64_t kWishes[] = {0, 0, 0, 24574, 24576};
  PortAllocation object = allocation(name, {port("p", kWishes[pick(5)])});
  if (pick(2) == 0) object.spec.ports.push_back(port("q"));
  if (pick(4) == 0) object.spec.ports.back().exposure = "Cluster";
  if (uids_ % 4 == 3) object.spec.config_map = NumbersConfigMap{"numbers-of-" + name};
  if (pick(4) == 0) object.spec.ports.back().count = 2;
  if (pick(4) == 0) object.spec.ports.back().also_protocol = Protocol::kUdp;
  if (pick(4) == 0) object.spec.ports[0].migrate_from = pick_migration();
  if (pick(3) == 0) object.spec.sticky_for = kSticky;
  object.meta.creation_timestamp = to_rfc3339(api_.now);
  ++uids_;
  object.meta.uid.text = "uid-" + name + (mistake_ == Mistake::kNoUid ? "" : std::to_string(uids_));
  object.meta.resource_version = api_.next_version();
  auditor_.created(name);
  api_.allocations[name] = object;
  note("create " + object.meta.uid.text + " first port " + std::to_string(object.spec.ports[0].port));
  remember_allocations();
}

// From a number of the range, of the reserved one, or of no range; some end, some by command only.
Migration World::pick_migration() {
  Migration migration{24'571 + static_cast<std::int64_t>(pick(7)), ""};
  if (pick(2) == 0) migration.until = to_rfc3339(api_.now + std::chrono::seconds(pick(300)));
  return migration;
}

void World::remove() {
  const std::string name = pick_name();
  if (api_.allocations.erase(name) == 0) return;
  note("delete " + name);
  remember_allocations();
}

void World::edit() {
  const auto found = api_.allocations.find(pick_name());
  if (found == api_.allocations.end()) return;
  PortAllocation& object = found->second;
  auto& ports = object.spec.ports;
  switch (pick(8)) {
    case 7: {
      auto& also = ports[pick(ports.size())].also_protocol;
      also = also ? std::nullopt : std::optional(Protocol::kUdp);
      break;
    }
    case 4:
      ports.back().count = 1 + static_cast<std::int64_t>(pick(3));
      break;
    case 5:
      ports[0].migrate_from = ports[0].migrate_from ? std::nullopt : std::optional(pick_migration());
      break;
    case 6:
      object.spec.sticky_for = object.spec.sticky_for.empty() ? kSticky : "";
      break;
    case 0:
      ports[0].port = 24574 + static_cast<std::int64_t>(pick(3));
      break;
    case 1:
      if (ports.size() == 1) ports.push_back(port("q"));
      break;
    case 2:
      if (ports.size() == 2) ports.pop_back();
      break;
    default:
      if (object.spec.config_map) object.spec.config_map->name = "ports-of-" + object.meta.name;
      ports[0].exposure = pick(2) == 0 ? "Cluster" : "External";
  }
  ++object.meta.generation;
  object.meta.resource_version = api_.next_version();
  auditor_.edited(object.meta.uid);
  note("edit " + object.meta.name + ": " + std::to_string(ports.size()) + " ports, first " +
       std::to_string(ports[0].port) + " " + ports[0].exposure + " count " +
       std::to_string(ports.back().count) + " from " +
       (ports[0].migrate_from
            ? std::to_string(ports[0].migrate_from->port) + " until " + ports[0].migrate_from->until
            : "nowhere") +
       " sticky " + object.spec.sticky_for);
  remember_allocations();
}

// Somebody publishes a node port that nobody declared, or takes it away.
void World::publish_or_remove_a_foreign_service() {
  if (api_.services.erase("foreign") == 1) return note("foreign Service goes");
  Service foreign = service("mesh", "foreign", "NodePort",
                            {service_port("f", 80, 24574 + static_cast<std::int64_t>(pick(3)))});
  if (!api_.node_ports_free(foreign)) return;
  foreign.meta.uid.text = "foreign";
  foreign.meta.resource_version = api_.next_version();
  api_.services["foreign"] = foreign;
  note("foreign Service takes " + std::to_string(foreign.ports[0].node_port));
}

void World::pass_time(std::chrono::seconds span) {
  api_.now = api_.now + span;
  note(std::to_string(span.count()) + " s pass");
}

// ---- leaders ----

void World::take_over(std::int64_t fence) {
  leaders_.emplace_back(api_, fence, mistake_, random_, [this](const std::string& what) { note(what); });
  note("leader " + std::to_string(fence) + " takes over");
  active().refresh();
  // The start-up order: look at everything, take back what is shown, only then go on.
  while (active().claim(Leader::kNoCrash)) {
  }
}

void World::remember_allocations() {
  past_.push_back(api_.allocations);
  if (past_.size() > kRemembered) past_.erase(past_.begin());
}

void World::fall_behind() {
  if (past_.empty()) return;
  active().fall_behind(past_[pick(past_.size())]);
  note("an old list of allocations");
}

// Everything that a healthy leader would still do, to the end.
void World::settle() {
  leaders_.clear();
  take_over(kLastFence);
  int idle = 0;
  for (int round = 0; round < 60 && well(); ++round) {
    active().refresh();
    bool acted = active().claim(Leader::kNoCrash);
    for (const char* name : {"a", "b", "c"}) acted = active().plan(name, Leader::kNoCrash) || acted;
    acted = active().release(Leader::kNoCrash) || acted;
    acted = active().sweep() || acted;
    idle = acted ? 0 : idle + 1;
    if (idle == kIdleRounds) return auditor_.check_rest();
    api_.now = api_.now + kRound;
  }
  auditor_.fail("it never comes to rest");
}

}  // namespace berth::testing
