#include "core/base/address_set.h"

#include <algorithm>

namespace berth {
namespace {

using Bytes = Cidr::Bytes;

constexpr Bytes kFirstIpv4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr Bytes kLastIpv4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// Of the last address: the first again.
Bytes after(Bytes address) {
  for (auto byte = address.rbegin(); byte != address.rend() && ++*byte == 0; ++byte) {
  }
  return address;
}

// Of the first address: the last.
Bytes before(Bytes address) {
  for (auto byte = address.rbegin(); byte != address.rend() && (*byte)-- == 0; ++byte) {
  }
  return address;
}

bool is_largest(const Bytes& address) { return after(address) == Bytes{}; }

}  // namespace

std::vector<AddressSet::Range> AddressSet::ranges_of(const Cidr& network) {
  const Range whole{network.first(), network.last()};
  if (whole.first >= kFirstIpv4 || whole.last <= kLastIpv4) return {whole};
  return {{whole.first, before(kFirstIpv4)}, {after(kLastIpv4), whole.last}};
}

void AddressSet::add(const Range& range) {
  Range joined = range;
  std::vector<Range> kept;
  for (const Range& present : ranges_) {
    const bool ends_before = !is_largest(present.last) && after(present.last) < joined.first;
    const bool begins_after = !is_largest(joined.last) && after(joined.last) < present.first;
    if (ends_before || begins_after) {
      kept.push_back(present);
    } else {
      joined = {std::min(joined.first, present.first), std::max(joined.last, present.last)};
    }
  }
  const auto place =
      std::find_if(kept.begin(), kept.end(), [&](const Range& other) { return other.first > joined.first; });
  kept.insert(place, joined);
  ranges_ = std::move(kept);
}

void AddressSet::remove(const Range& range) {
  std::vector<Range> kept;
  for (const Range& present : ranges_) {
    if (present.last < range.first || range.last < present.first) {
      kept.push_back(present);
      continue;
    }
    if (present.first < range.first) kept.push_back({present.first, before(range.first)});
    if (range.last < present.last) kept.push_back({after(range.last), present.last});
  }
  ranges_ = std::move(kept);
}

void AddressSet::add(const Cidr& network) {
  for (const Range& range : ranges_of(network)) add(range);
}

void AddressSet::join_with(const std::vector<Range>& more) {
  ranges_.insert(ranges_.end(), more.begin(), more.end());
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& left, const Range& right) { return left.first < right.first; });
  std::vector<Range> joined;
  for (const Range& range : ranges_) {
    const bool apart =
        joined.empty() || (!is_largest(joined.back().last) && after(joined.back().last) < range.first);
    if (apart) {
      joined.push_back(range);
    } else {
      joined.back().last = std::max(joined.back().last, range.last);
    }
  }
  ranges_ = std::move(joined);
}

void AddressSet::add(const std::vector<Cidr>& networks) {
  std::vector<Range> ranges;
  for (const Cidr& network : networks) {
    for (const Range& range : ranges_of(network)) ranges.push_back(range);
  }
  join_with(ranges);
}

void AddressSet::add(const AddressSet& other) { join_with(other.ranges_); }

void AddressSet::remove(const Cidr& network) {
  for (const Range& range : ranges_of(network)) remove(range);
}

// Both in order of address, each looked at once.
void AddressSet::remove(const AddressSet& other) {
  std::vector<Range> kept;
  auto gone = other.ranges_.begin();
  for (Range left : ranges_) {
    while (gone != other.ranges_.end() && gone->last < left.first) ++gone;
    bool any = true;
    for (auto next = gone; any && next != other.ranges_.end() && next->first <= left.last; ++next) {
      if (left.first < next->first) kept.push_back({left.first, before(next->first)});
      any = next->last < left.last;
      if (any) left.first = after(next->last);
    }
    if (any) kept.push_back(left);
  }
  ranges_ = std::move(kept);
}

AddressSet AddressSet::common_with(const AddressSet& other) const {
  AddressSet common;
  auto theirs = other.ranges_.begin();
  for (const Range& ours : ranges_) {
    while (theirs != other.ranges_.end() && theirs->last < ours.first) ++theirs;
    for (auto next = theirs; next != other.ranges_.end() && next->first <= ours.last; ++next) {
      common.ranges_.push_back({std::max(ours.first, next->first), std::min(ours.last, next->last)});
    }
  }
  return common;
}

std::vector<Cidr> AddressSet::networks() const {
  std::vector<Cidr> found;
  for (const Range& range : ranges_) {
    Bytes next = range.first;
    while (true) {
      // A block of IPv6 has no room for IPv4: its text would say something else.
      const bool up_to_ipv4 = next < kFirstIpv4 && range.last >= kFirstIpv4;
      const bool in_ipv4 = next >= kFirstIpv4 && next <= kLastIpv4 && range.last > kLastIpv4;
      const Bytes stop = up_to_ipv4 ? before(kFirstIpv4) : in_ipv4 ? kLastIpv4 : range.last;
      found.push_back(Cidr::largest_between(next, stop));
      const Bytes last = found.back().last();
      if (last >= range.last) break;
      next = after(last);
    }
  }
  return found;
}

}  // namespace berth
