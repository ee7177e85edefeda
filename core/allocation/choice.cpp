#include "core/allocation/choice.h"

#include <algorithm>
#include <limits>

#include "core/model/effective_ports.h"

namespace berth::allocation {
namespace {

// Looking for the best place for a row that must wait goes through the whole range: only the oldest ones.
constexpr int kRowsHeldBackFor = 64;

std::string name_of(const Row& row) { return row.size() == 1 ? row.front()->name : row.front()->group; }

// The place of a port in its row.
std::int64_t index_of(const AllocationPort& port) { return member_index(port).value_or(0); }

// How many numbers the row takes.
std::size_t length_of(const Row& row) {
  std::int64_t last = 0;
  for (const AllocationPort* port : row) last = std::max(last, index_of(*port));
  return static_cast<std::size_t>(last + 1);
}

std::set<Protocol> protocols_of(const Row& row) {
  std::set<Protocol> protocols;
  for (const AllocationPort* port : row) protocols.insert(port->protocol);
  return protocols;
}

std::int32_t longest(const std::vector<PortSpan>& spans) {
  std::int32_t most = 0;
  for (const PortSpan& span : spans) most = std::max(most, span.size());
  return most;
}

Refused ledger_frozen(const std::string& port, Port number, const Error& error) {
  return {RefusalReason::kLedgerFrozen, port,
          "no number that can be told to be free is left for port " + port + ": the record of those around " +
              to_string(number) + " cannot be read: " + error.message};
}

}  // namespace

Refused ledger_full(const std::string& port, const NumberKey& key) {
  return {RefusalReason::kLedgerFull, port,
          "the record of the numbers around " + to_string(key.port) +
              " has no room for one more node: ask for a number further away, or delete allocations that are "
              "not needed"};
}

void Choice::note_sticky(const PortAllocation& allocation) {
  if (!waiting_ && sticky_seconds(allocation) > 0) waiting_.emplace(view_.ledgers);
}

bool Choice::is_requested(Space space, const std::vector<NumberKey>& keys) const {
  const auto requested = requested_.find(space);
  return requested != requested_.end() && std::any_of(keys.begin(), keys.end(), [&](const NumberKey& key) {
           return any_conflicting(requested->second, key, [](const NumberKey&, bool) { return true; });
         });
}

NumberKey Choice::key_at(const Ask& ask, Protocol protocol, Port number) {
  return key_in(ask.range(), ask.allocation().spec, number, protocol);
}

std::vector<NumberKey> Choice::keys_at(const Ask& ask, Port number) {
  std::vector<NumberKey> keys;
  for (const Protocol protocol : ask.protocols) keys.push_back(key_at(ask, protocol, number));
  return keys;
}

Entry Choice::entry_for(const Ask& ask, const AllocationPort& port) {
  Entry entry = new_entry(ask.allocation(), ask.range().name);
  entry.slots = {{port.name, port.protocol}};
  return entry;
}

bool Choice::wants(const Ask& ask, const AllocationPort& port) const {
  const auto& wanting = ask.work.holdings.wanting;
  return std::find(wanting.begin(), wanting.end(), port.name) != wanting.end();
}

// Where the row begins when a part of it has its numbers for good; it goes on from there.
std::optional<std::int64_t> Choice::held_start(const Ask& ask) const {
  if (ask.row.size() == 1) return {};
  for (const AllocationPort* port : ask.row) {
    if (wants(ask, *port)) continue;
    const Holding* holding = ask.work.holdings.find(port->name);
    if (holding != nullptr) return holding->number.number() - index_of(*port);
    const auto given = ask.work.given.find(port->name);  // taken back by recovery
    if (given != ask.work.given.end()) return given->second.port.number() - index_of(*port);
  }
  return {};
}

bool Choice::fits(const Ask& ask, Protocol protocol, Port number, const PortAllocation* heir) const {
  const NumberKey key = key_at(ask, protocol, number);
  return booking_.is_free(ask.range(), key, heir) &&
         (key.node.empty() || booking_.has_room(ask.range().space, key, entry_for(ask, *ask.row.front()))) &&
         !(ask.outside && view_.internal.find(number, protocol)) &&
         (heir != nullptr || !held_back_.contains({ask.range().space, key}));
}

bool Choice::fits_all(const Ask& ask, Port number) const {
  return std::all_of(ask.protocols.begin(), ask.protocols.end(),
                     [&](Protocol protocol) { return fits(ask, protocol, number, nullptr); });
}

std::optional<Entry> Choice::shared(const Ask& ask, const AllocationPort& port, const NumberKey& key) const {
  const Entry* present = booking_.find(ask.range().space, key);
  const Uid& uid = ask.allocation().meta.uid;
  if (present == nullptr || !present->held() || present->owner_uid != uid) return {};
  Entry entry = *present;
  // The ports that it serves, under the protocols that they have now; the rest gives way, as the number
  // stays.
  entry.slots.clear();
  bool mates = false;
  for (const AllocationPort& other : ask.allocation().spec.ports) {
    const Holding* holding = ask.work.holdings.find(other.name);
    const auto given = ask.work.given.find(other.name);
    const bool serves = holding != nullptr && !holding->interim && holding->key == key;
    if (!serves && (given == ask.work.given.end() || given->second != key)) continue;
    if (!put_slot(entry, {other.name, other.protocol})) return {};
    mates = mates || other.group == port.group;
  }
  if (!mates || !put_slot(entry, {port.name, port.protocol})) return {};
  return entry;
}

// Where the row begins that waits for the allocation, if all of it is there.
std::optional<std::int64_t> Choice::waiting_start(const Ask& ask, const Draft& draft) const {
  if (!waiting_) return {};
  for (const AllocationPort* named : ask.row) {
    const auto known = waiting_->find(ask.allocation(), ask.range().space, *named);
    if (!known) continue;
    const std::int64_t start = known->port.number() - index_of(*named);
    const bool whole = std::all_of(ask.row.begin(), ask.row.end(), [&](const AllocationPort* port) {
      const auto number = Port::checked(start + index_of(*port));
      return number.ok() && contains(ask.place.spans(), *number) &&
             fits(ask, port->protocol, *number, &ask.allocation()) &&
             !draft.contains(key_at(ask, port->protocol, *number));
    });
    if (whole) return start;
  }
  return {};
}

void Choice::put(const Ask& ask, std::int64_t start, Draft& draft) const {
  for (const AllocationPort* port : ask.row) {
    if (!wants(ask, *port)) continue;
    const NumberKey key = key_at(ask, port->protocol, Port::of(start + index_of(*port)));
    const auto drafted = draft.find(key);
    if (drafted != draft.end()) {  // for another of the row
      (void)put_slot(drafted->second, {port->name, port->protocol});
    } else {
      draft.emplace(key, shared(ask, *port, key).value_or(entry_for(ask, *port)));
    }
  }
}

bool Choice::can_go_on(const Ask& ask, const AllocationPort& port, Port number, const Draft& draft) const {
  const NumberKey key = key_at(ask, port.protocol, number);
  if (draft.contains(key)) return false;
  if (shared(ask, port, key)) return !(ask.outside && view_.internal.find(number, port.protocol));
  return contains(ask.place.spans(), number) && fits(ask, port.protocol, number, &ask.allocation());
}

std::optional<Refused> Choice::go_on(const Ask& ask, std::int64_t start, Draft& draft) const {
  for (const AllocationPort* port : ask.row) {
    if (!wants(ask, *port)) continue;
    const auto number = Port::checked(start + index_of(*port));
    if (number.ok() && can_go_on(ask, *port, *number, draft)) continue;
    const Error* frozen =
        number.ok() ? booking_.frozen(ask.range().space, key_at(ask, port->protocol, *number)) : nullptr;
    if (frozen != nullptr) return ledger_frozen(name_of(ask.row), *number, *frozen);
    return cannot_go_on(ask, *port, start);
  }
  put(ask, start, draft);
  return {};
}

Refused Choice::cannot_go_on(const Ask& ask, const AllocationPort& port, std::int64_t start) {
  const std::int64_t value = start + index_of(port);
  const auto number = Port::checked(value);
  const bool inside = number.ok() && contains(ask.place.spans(), *number);
  const std::string why = inside ? " is not free" : " is not in " + to_string(ask.place);
  if (length_of(ask.row) == 1) {
    return {RefusalReason::kCannotGrow, port.name,
            "port " + name_of(ask.row) + " has the number " + std::to_string(value) + ", but for " +
                to_string(port.protocol) + " it" + why +
                ": remove alsoProtocol, or write another name for the port to get another number"};
  }
  return {RefusalReason::kCannotGrow, name_of(ask.row),
          "port " + name_of(ask.row) + " has the numbers from " + std::to_string(start) +
              " on and asks for " + std::to_string(length_of(ask.row)) + " in a row, but " +
              std::to_string(value) + why +
              ": write a smaller count, or another name for the port to get other numbers"};
}

std::optional<Port> Choice::pick(const Ask& ask, std::size_t length, const Draft& draft) {
  const CompiledRange& range = ask.range();
  const std::size_t start = range.order == Order::kSpread
                                ? spread_start(ask.allocation().meta.uid, name_of(ask.row), range.name)
                                : 0;
  const auto busy = [&](Port number) {
    return std::any_of(ask.protocols.begin(), ask.protocols.end(),
                       [&](Protocol protocol) { return draft.contains(key_at(ask, protocol, number)); });
  };
  for (const bool avoid_requested : {true, false}) {
    const auto available = [&](Port number) {
      return fits_all(ask, number) && !(avoid_requested && is_requested(range.space, keys_at(ask, number)));
    };
    const std::string block = ask.place.block == nullptr ? "" : ask.place.block->name;
    const std::string node = range.per_node ? ask.allocation().spec.node_name : "";
    const PickerKey key{range.name, block, node, ask.protocols, ask.outside, avoid_requested};
    Picker& picker = pickers_.try_emplace(key, ask.place.spans()).first->second;
    if (const auto number = picker.pick(start, length, available, busy)) return number;
  }
  return {};
}

std::optional<Refused> Choice::take(const Work& work, const Source& place, const Permission& permission,
                                    const Row& row, Draft& draft) {
  for (const AllocationPort* port : row) {
    if (auto refused = permission.refuse_target(*port)) return refused;
  }
  const Ask ask{work, place, row, protocols_of(row), permission.asks_outside(*row.front())};
  if (const auto start = held_start(ask)) return go_on(ask, *start, draft);
  if (const auto start = waiting_start(ask, draft)) {
    put(ask, *start, draft);
    return {};
  }
  if (const auto first = pick(ask, length_of(row), draft)) {
    put(ask, first->number(), draft);
    return {};
  }
  if (auto full = record_full(ask)) return full;
  if (auto frozen = record_frozen(ask)) return frozen;
  const bool some = length_of(row) > 1 && pick(ask, 1, draft);
  return nothing_left(ask, some);
}

std::optional<Refused> Choice::record_full(const Ask& ask) const {
  for (const PortSpan& span : ask.place.spans()) {
    const NumberKey key = key_at(ask, ask.row.front()->protocol, span.first);
    const bool room = booking_.has_room(ask.range().space, key, entry_for(ask, *ask.row.front()));
    if (!room) return ledger_full(name_of(ask.row), key);
  }
  return {};
}

// Numbers that nobody can tell the owners of are not free, and waiting for a release does not bring them
// back.
std::optional<Refused> Choice::record_frozen(const Ask& ask) const {
  for (const auto& [shard, error] : view_.ledgers.in(ask.range().space).frozen()) {
    const std::int32_t begin = shard * kShardSize;
    for (const PortSpan& span : ask.place.spans()) {
      const std::int32_t first = std::max(begin, span.first.number());
      if (first > std::min(begin + kShardSize - 1, span.last.number())) continue;
      return ledger_frozen(name_of(ask.row), Port::of(first), error);
    }
  }
  return {};
}

// No counts and no clock in messages: they stand in a status, and everybody who waits would be written anew
// whenever they change. The counts are in the range's own status.
Refused Choice::nothing_left(const Ask& ask, bool some) const {
  const std::string port = name_of(ask.row);
  const std::string where = to_string(ask.place);
  const std::string range = ask.range().name;
  const std::size_t length = length_of(ask.row);
  const std::string row = std::to_string(length) + " numbers in a row";
  if (some && longest(ask.place.spans()) < static_cast<std::int32_t>(length)) {
    return {RefusalReason::kRangeFragmented, port,
            "port " + port + " asks for " + row + ", more than " + where +
                " has in one piece: write a smaller count, or have the range widened"};
  }
  if (some) {
    return {RefusalReason::kRangeFragmented, port,
            "no " + row + " are left for port " + port + " in " + where +
                " (status.largestFreeBlock of the range tells how many are: kubectl describe prange " +
                range + "): wait until some are released, write a smaller count, or have the range widened"};
  }
  return {RefusalReason::kRangeExhausted, port,
          "too few numbers left for port " + port + " in " + where + " (" +
              std::to_string(count_ports(ask.place.spans())) + " in all; kubectl describe prange " + range +
              " tells where they are): wait until some are released, or have the range widened"};
}

void Choice::hold_back(Space space, const Draft& drafted) {
  for (const auto& [key, entry] : drafted) held_back_.insert({space, key});
}

Choice::Kind Choice::kind_of(const Ask& ask, Port number) const {
  if (fits_all(ask, number)) return Kind::kFree;
  const bool never = std::any_of(ask.protocols.begin(), ask.protocols.end(), [&](Protocol protocol) {
    return booking_.frozen(ask.range().space, key_at(ask, protocol, number)) != nullptr ||
           view_.ranges.reserving(ask.range().space, number) != nullptr ||
           (ask.outside && view_.internal.find(number, protocol));
  });
  return never ? Kind::kNever : Kind::kWaiting;
}

// The row waits for the piece of the place that needs the fewest numbers of others, the lowest of them.
void Choice::hold_back(const Work& work, const Source& place, const Permission& permission, const Row& row) {
  if (++rows_waiting_ > kRowsHeldBackFor) return;
  const Ask ask{work, place, row, protocols_of(row), permission.asks_outside(*row.front())};
  const auto length = static_cast<std::int32_t>(length_of(row));
  std::optional<std::int32_t> best;
  std::int32_t fewest = std::numeric_limits<std::int32_t>::max();
  for (const PortSpan& span : place.spans()) {
    std::vector<Kind> kinds;
    std::int32_t waiting = 0;
    std::int32_t never = 0;
    const auto count = [&](Kind kind, std::int32_t step) {
      if (kind == Kind::kWaiting) waiting += step;
      if (kind == Kind::kNever) never += step;
    };
    for (std::int32_t i = 0; i < span.size(); ++i) {
      kinds.push_back(kind_of(ask, Port::of(span.first.number() + i)));
      count(kinds.back(), 1);
      if (i >= length) count(kinds[static_cast<std::size_t>(i - length)], -1);
      if (i + 1 < length || never > 0 || waiting >= fewest) continue;
      fewest = waiting;
      best = span.first.number() + i + 1 - length;
    }
  }
  if (!best) return;
  for (std::int32_t i = 0; i < length; ++i) {
    const Port number = Port::of(*best + i);
    if (!fits_all(ask, number)) continue;
    for (const NumberKey& key : keys_at(ask, number)) held_back_.insert({ask.range().space, key});
  }
}

}  // namespace berth::allocation
