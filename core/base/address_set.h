// AddressSet: any set of IPv4 and IPv6 addresses, and the algebra of networks.
//
// Kept as ranges that neither overlap nor touch, IPv4 in the mapped form of Cidr. Thread-safety: a value.
#pragma once

#include <string>
#include <vector>

#include "core/base/cidr.h"

namespace berth {

class AddressSet {
 public:
  AddressSet() = default;  // nobody

  // "::/0" and other blocks of IPv6 mean no IPv4 address, as in NetworkPolicies, whatever their bits say.
  void add(const Cidr& network);
  // At once, for of thousands each by itself would take long.
  void add(const std::vector<Cidr>& networks);
  void add(const AddressSet& other);
  void remove(const Cidr& network);
  void remove(const AddressSet& other);

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] AddressSet common_with(const AddressSet& other) const;

  // The fewest networks that are this set, in order of address. Of two sets the one is within the other when
  // each of its networks is within one of the other's.
  [[nodiscard]] std::vector<Cidr> networks() const;

  bool operator==(const AddressSet&) const = default;

 private:
  struct Range {
    Cidr::Bytes first;
    Cidr::Bytes last;  // included
    bool operator==(const Range&) const = default;
  };
  static std::vector<Range> ranges_of(const Cidr& network);
  void join_with(const std::vector<Range>& more);
  void add(const Range& range);
  void remove(const Range& range);

  std::vector<Range> ranges_;
};

}  // namespace berth
