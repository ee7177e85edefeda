#include "core/exposure/way_collection.h"

#include <algorithm>
#include <utility>

#include "core/exposure/addresses.h"

namespace berth::exposure {

void add_sorted(std::vector<std::string>& list, const std::string& item) {
  const auto place = std::lower_bound(list.begin(), list.end(), item);
  if (place == list.end() || *place != item) list.insert(place, item);
}

namespace {

// Source ranges belong to the whole Service and are the same for the same way.
void join(Audience& audience, const Audience& more) {
  for (const std::string& host : more.hosts) add_sorted(audience.hosts, host);
  for (const std::string& address : more.addresses) add_sorted(audience.addresses, address);
}

}  // namespace

void WayCollection::add(WayOut way) {
  // A Service port that was found says more than the target by which it was named.
  const EntranceTarget* target = way.service_port != nullptr ? nullptr : way.target;
  const auto [place, is_new] = places_.emplace(
      Key{way.via, way.shown, way.protocol, way.sign, way.entrance, way.gateway, way.listener, target,
          way.service, way.service_port, way.workload, way.container_port, way.health_check,
          nobodys_address(way.address).empty() ? std::string_view() : way.address},
      ways_.size());
  if (is_new) {
    ways_.push_back(std::move(way));
  } else {
    join(ways_[place->second].audience, way.audience);
  }
}

}  // namespace berth::exposure
