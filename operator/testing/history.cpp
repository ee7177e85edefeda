#include "operator/testing/history.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "core/base/api_names.h"

namespace berth::controller {
namespace {

// What stands before the number of a member: "rtp" of "rtp-2"; a port without count is its own row.
std::string row_of(const std::string& slot) {
  const std::size_t dash = slot.find_last_of('-');
  const bool member = dash != std::string::npos && dash + 1 < slot.size() &&
                      slot.find_first_not_of("0123456789", dash + 1) == std::string::npos;
  return member ? slot.substr(0, dash) : slot;
}

using json::Tree;

// "1 held ns/name uid slots seq since range": only the fields the oracle needs, split by hand.
struct LedgerEntry {
  std::string state;
  std::string uid;
};

LedgerEntry entry_of(const std::string& text) {
  std::istringstream words(text);
  std::string version;
  std::string owner;
  LedgerEntry entry;
  words >> version >> entry.state >> owner >> entry.uid;
  return entry;
}

struct ShownPort {
  std::string uid;
  std::string slot;
};

struct World {
  std::map<std::string, std::map<std::string, LedgerEntry>> ledgers;  // shard -> key -> entry
  std::map<std::string, std::int64_t> fences;                         // shard -> fence
  std::map<std::string, std::map<std::string, std::int64_t>> shown;   // allocation uid -> slot -> number
  std::map<ObjectKey, std::pair<std::string, std::set<std::int64_t>>>
      services;                      // generated: owner uid, nodePorts
  std::set<std::int64_t> strangers;  // nodePorts that a Service of nobody ever had
};

class Checker {
 public:
  std::vector<std::string> found;

  void apply(const testing::Revision& revision) {
    revision_ = revision.number;
    if (revision.kind.plural == "portledgers") ledger(revision);
    if (revision.kind.plural == "portallocations") allocation(revision);
    if (revision.kind.plural == "services") service(revision);
    if (revision.kind.plural == "configmaps") config_map(revision);
  }

 private:
  void breach(const std::string& what) {
    found.push_back("revision " + std::to_string(revision_) + ": " + what);
  }

  [[nodiscard]] const LedgerEntry* holder(std::int64_t number) const {
    for (const auto& [shard, entries] : world_.ledgers) {
      const auto entry = entries.find(std::to_string(number));
      if (entry != entries.end()) return &entry->second;
    }
    return nullptr;
  }

  [[nodiscard]] bool published(const std::string& uid, std::int64_t number) const {
    for (const auto& [key, service] : world_.services) {
      if (service.first == uid && service.second.contains(number)) return true;
    }
    return false;
  }

  // Has a Service that nobody declared had the number at any time? Who decides may have seen it a while ago.
  [[nodiscard]] bool foreign(std::int64_t number) const { return world_.strangers.contains(number); }

  void ledger(const testing::Revision& revision) {
    auto& before = world_.ledgers[revision.key.name];
    std::map<std::string, LedgerEntry> after;
    if (revision.after) {
      if (const Tree* entries = revision.after->find({"spec", "entries"});
          entries != nullptr && entries->as_object()) {
        for (const auto& [key, text] : *entries->as_object()) after[key] = entry_of(*text.as_text());
      }
      const std::int64_t fence = revision.after->number_at({"spec", "fence"});
      if (fence < world_.fences[revision.key.name])
        breach("the fence of " + revision.key.name + " went down");
      world_.fences[revision.key.name] = fence;
    }
    for (const auto& [key, now] : after) {
      const auto was = before.find(key);
      if (was == before.end()) continue;
      if (was->second.state == "held" && now.uid != was->second.uid) {
        breach(key + " went from owner " + was->second.uid + " to " + now.uid + " without rest");
      }
    }
    for (const auto& [key, was] : before) {
      const auto now = after.find(key);
      const bool still_held = now != after.end() && now->second.state == "held" && now->second.uid == was.uid;
      if (was.state != "held" || still_held) continue;
      if (published(was.uid, std::stoll(key)))
        breach(key + " was released while a Service of its owner uses it");
    }
    before = std::move(after);
  }

  void allocation(const testing::Revision& revision) {
    if (!revision.after) {
      world_.shown.erase(revision.uid.text);
      return;
    }
    std::map<std::string, std::int64_t> now;
    if (const Tree* ports = revision.after->find({"status", "ports"}); ports != nullptr && ports->as_list()) {
      for (const Tree& port : *ports->as_list()) now[port.text_at({"name"})] = port.number_at({"port"});
    }
    auto& before = world_.shown[revision.uid.text];
    for (const auto& [slot, number] : now) {
      const auto was = before.find(slot);
      // Chosen but never published, and grabbed by a Service that nobody declared: another one is chosen, and
      // for a row that it stands in another row. Or it gives way to that of a Service that is about to be
      // adopted.
      const bool row_grabbed = std::any_of(before.begin(), before.end(), [&](const auto& other) {
        return row_of(other.first) == row_of(slot) && foreign(other.second);
      });
      const bool grabbed = was != before.end() && !published(revision.uid.text, was->second) &&
                           (row_grabbed || foreign(number));
      if (was != before.end() && was->second != number && !grabbed) {
        breach("port " + slot + " of " + to_string(revision.key) + " moved from " +
               std::to_string(was->second) + " to " + std::to_string(number));
      }
      for (const auto& [uid, others] : world_.shown) {
        if (uid == revision.uid.text) continue;
        for (const auto& [other_slot, other_number] : others) {
          if (other_number == number) breach(std::to_string(number) + " is shown by two allocations");
        }
      }
      const LedgerEntry* entry = holder(number);
      if (entry == nullptr || entry->state != "held" || entry->uid != revision.uid.text) {
        breach(to_string(revision.key) + " shows " + std::to_string(number) +
               " which the ledger does not hold for it");
      }
    }
    before = std::move(now);
  }

  void service(const testing::Revision& revision) {
    if (!revision.after) {
      world_.services.erase(revision.key);
      return;
    }
    const std::string uid = revision.after->text_at({"metadata", "labels", kOwnerUidLabel});
    std::set<std::int64_t> numbers;
    if (const Tree* ports = revision.after->find({"spec", "ports"}); ports != nullptr && ports->as_list()) {
      for (const Tree& port : *ports->as_list()) {
        if (const std::int64_t number = port.number_at({"nodePort"}); number != 0) numbers.insert(number);
      }
    }
    // Taken over: the operator says whose it is, and changes nothing of what it does.
    const bool strangers =
        revision.before && revision.before->text_at({"metadata", "labels", kOwnerUidLabel}).empty();
    if (revision.by == kOperatorManager && strangers &&
        json::print_tree(*revision.before->find({"spec"})) !=
            json::print_tree(*revision.after->find({"spec"}))) {
      breach("Service " + to_string(revision.key) + " was changed when it was taken over");
    }
    // Only what the operator itself writes is its promise; a user may type any number into a Service.
    if (revision.by == kOperatorManager) {
      for (const std::int64_t number : numbers) {
        const LedgerEntry* entry = holder(number);
        if (entry == nullptr || entry->state != "held" || entry->uid != uid) {
          breach("Service " + to_string(revision.key) + " publishes " + std::to_string(number) +
                 " which the ledger does not hold for its owner");
        }
      }
    }
    if (uid.empty()) world_.strangers.insert(numbers.begin(), numbers.end());
    world_.services[revision.key] = {uid, std::move(numbers)};
  }

  void config_map(const testing::Revision& revision) {
    if (!revision.after || revision.by != kOperatorManager) return;
    const std::string uid = revision.after->text_at({"metadata", "labels", kOwnerUidLabel});
    const Tree* data = revision.after->find({"data"});
    if (data == nullptr || data->as_object() == nullptr) return;
    for (const auto& [key, value] : *data->as_object()) {
      // What it told before is not told anew: a leader that does not know yet that the owner is gone may edit
      // the rest of it.
      const Tree* told = revision.before ? revision.before->find({"data", key}) : nullptr;
      const bool news = told == nullptr || told->as_text() == nullptr || *told->as_text() != *value.as_text();
      if (!key.ends_with("_PORT") || !news) continue;
      const std::int64_t number = std::stoll(*value.as_text());
      const auto shown = world_.shown.find(uid);
      bool stands = false;
      for (const auto& [slot, one] :
           shown == world_.shown.end() ? std::map<std::string, std::int64_t>{} : shown->second) {
        stands = stands || one == number;
      }
      // A leader that does not know yet that the owner is gone may still tell what rests for nobody else.
      const LedgerEntry* entry = holder(number);
      const bool held_for_the_gone =
          shown == world_.shown.end() && entry != nullptr && entry->state == "held" && entry->uid == uid;
      if (!stands && !held_for_the_gone)
        breach("ConfigMap " + to_string(revision.key) + " tells " + *value.as_text() +
               " which its owner does not show");
    }
  }

  World world_;
  std::int64_t revision_ = 0;
};

}  // namespace

std::vector<std::string> breaches(const std::vector<testing::Revision>& history) {
  Checker checker;
  for (const testing::Revision& revision : history) checker.apply(revision);
  return checker.found;
}

}  // namespace berth::controller
