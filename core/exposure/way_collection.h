// WayCollection: ways out as they are found, each once.
//
// The same way found again only widens its audience. All come from one view of the facts, so an object is
// told by its address. Thread-safety: none; one per judgement.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/exposure/way_out.h"

namespace berth::exposure {

// Into a sorted list, once.
void add_sorted(std::vector<std::string>& list, const std::string& item);

class WayCollection {
 public:
  void add(WayOut way);
  // Somebody outside can connect by one of them.
  [[nodiscard]] bool any_connects() const;
  std::vector<WayOut> take() { return std::move(ways_); }

 private:
  using Key = std::tuple<Via, std::int64_t, Protocol, std::string_view, const Entrance*, const Gateway*,
                         const GatewayListener*, const EntranceTarget*, const Service*, const ServicePort*,
                         const NetworkPolicy*, const Workload*, std::int64_t, bool, std::string_view,
                         std::string, const BackendEndpoint*>;
  std::map<Key, std::size_t> places_;
  std::vector<WayOut> ways_;
};

}  // namespace berth::exposure
