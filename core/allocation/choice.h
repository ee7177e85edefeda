// Choice: the numbers that Berth picks for ports that ask for none: one, several in a row, or one for two
// protocols.
//
// Rules, in this order: a row of numbers goes on from those its port holds; numbers that wait for the
// allocation (sticky.h) are its again; otherwise the first that fit, in the order of the range. Numbers that
// others of the batch ask for are avoided while others are left.
//
// First come, first served: what an allocation could have had while it waits for more (a whole row, or all of
// its ports) is held back from chosen numbers of younger ones, no more than it asks for. So singles cannot
// starve a row. A number asked for by number is not held back. Thread-safety: none, one owner.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/allocation/booking.h"
#include "core/allocation/permission.h"
#include "core/allocation/picker.h"
#include "core/allocation/sticky.h"

namespace berth::allocation {

// A number that has no room in its record.
Refused ledger_full(const std::string& port, const NumberKey& key);

// Ports that get their numbers together, all of one group in its order: numbers in a row, or one number under
// two protocols; or one port alone.
using Row = std::vector<const AllocationPort*>;

class Choice {
 public:
  // `booking` and what it looks at must outlive the choice.
  explicit Choice(const Booking& booking) : booking_(booking), view_(booking.view()) {}

  // Whether anybody's released numbers may wait for him.
  void note_sticky(const PortAllocation& allocation);
  // A port waits for this number, asks for it and may have it: others get it when nothing else is left.
  void note_wish(Space space, const NumberKey& key) { requested_[space][key] = true; }

  // Puts entries for those ports of the row that want a number into `draft`. Requires: `place` is in the
  // space that the work is routed to; no port of the row asks for a number.
  std::optional<Refused> take(const Work& work, const Source& place, const Permission& permission,
                              const Row& row, Draft& draft);

  // The request has to wait: `drafted` is what it could have had. Only after a refusal for want of numbers.
  void hold_back(Space space, const Draft& drafted);
  // The same for a row that found no room in the place.
  void hold_back(const Work& work, const Source& place, const Permission& permission, const Row& row);

 private:
  // What a row wants to know of a number.
  struct Ask {
    const Work& work;
    const Source& place;
    const Row& row;
    std::set<Protocol> protocols;  // of the row
    bool outside;

    [[nodiscard]] const CompiledRange& range() const { return *place.range; }
    [[nodiscard]] const PortAllocation& allocation() const { return *work.request->allocation; }
  };
  enum class Kind : std::uint8_t { kFree, kWaiting, kNever };

  [[nodiscard]] static NumberKey key_at(const Ask& ask, Protocol protocol, Port number);
  // The number under each protocol of the row.
  [[nodiscard]] static std::vector<NumberKey> keys_at(const Ask& ask, Port number);
  [[nodiscard]] static Entry entry_for(const Ask& ask, const AllocationPort& port);
  [[nodiscard]] bool is_requested(Space space, const std::vector<NumberKey>& keys) const;
  [[nodiscard]] std::optional<std::int64_t> held_start(const Ask& ask) const;
  [[nodiscard]] std::optional<std::int64_t> waiting_start(const Ask& ask, const Draft& draft) const;
  [[nodiscard]] bool fits(const Ask& ask, Protocol protocol, Port number, const PortAllocation* heir) const;
  [[nodiscard]] bool fits_all(const Ask& ask, Port number) const;
  // The entry by which another of the row holds the number already, with one more protocol for `port`;
  // nothing when there is none, or another port of the allocation has that protocol.
  [[nodiscard]] std::optional<Entry> shared(const Ask& ask, const AllocationPort& port,
                                            const NumberKey& key) const;
  [[nodiscard]] Kind kind_of(const Ask& ask, Port number) const;
  [[nodiscard]] bool wants(const Ask& ask, const AllocationPort& port) const;
  [[nodiscard]] std::optional<Refused> go_on(const Ask& ask, std::int64_t start, Draft& draft) const;
  [[nodiscard]] bool can_go_on(const Ask& ask, const AllocationPort& port, Port number,
                               const Draft& draft) const;
  [[nodiscard]] static Refused cannot_go_on(const Ask& ask, const AllocationPort& port, std::int64_t start);
  void put(const Ask& ask, std::int64_t start, Draft& draft) const;
  std::optional<Port> pick(const Ask& ask, std::size_t length, const Draft& draft);
  [[nodiscard]] Refused nothing_left(const Ask& ask, bool some) const;
  [[nodiscard]] std::optional<Refused> record_full(const Ask& ask) const;
  [[nodiscard]] std::optional<Refused> record_frozen(const Ask& ask) const;

  using PickerKey = std::tuple<std::string, std::string, std::string, std::set<Protocol>, bool, bool>;

  const Booking& booking_;
  const ClaimView& view_;
  std::map<Space, std::map<NumberKey, bool>> requested_ = {};
  std::set<std::pair<Space, NumberKey>> held_back_ = {};
  int rows_waiting_ = 0;
  std::optional<WaitingNumbers> waiting_ = {};
  std::map<PickerKey, Picker> pickers_ = {};
};

}  // namespace berth::allocation
