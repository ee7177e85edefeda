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

// Nobody is told apart where everybody may come.
void join_sources(std::vector<std::string>& sources, const std::vector<std::string>& more) {
  if (more.empty()) sources.clear();
  if (sources.empty()) return;
  for (const std::string& source : more) add_sorted(sources, source);
}

void join(Audience& audience, const Audience& more) {
  join_sources(audience.sources, more.sources);
  for (const std::string& host : more.hosts) add_sorted(audience.hosts, host);
  for (const std::string& address : more.addresses) add_sorted(audience.addresses, address);
}

}  // namespace

bool WayCollection::any_connects() const {
  return std::any_of(ways_.begin(), ways_.end(), [](const WayOut& way) {
    return way.via != Via::kCustom && way.via != Via::kNetworkPolicy && way.via != Via::kConnect;
  });
}

void WayCollection::add(WayOut way) {
  // A Service port that was found says more than the target by which it was named.
  const EntranceTarget* target = way.service_port != nullptr ? nullptr : way.target;
  const auto [place, is_new] = places_.emplace(
      Key{way.via, way.shown, way.protocol, way.sign, way.entrance, way.gateway, way.listener, target,
          way.service, way.service_port, way.network_policy, way.workload, way.container_port,
          way.health_check, nobodys_address(way.address).empty() ? std::string_view() : way.address,
          way.is_debug_container() ? way.container : "", way.endpoint},
      ways_.size());
  if (is_new) {
    ways_.push_back(std::move(way));
  } else {
    WayOut& known = ways_[place->second];
    join(known.audience, way.audience);
    for (OpenSet& more : way.network_sets) {
      const auto same = [&](const OpenSet& each) { return each.set == more.set; };
      if (std::none_of(known.network_sets.begin(), known.network_sets.end(), same))
        known.network_sets.push_back(std::move(more));
    }
  }
}

}  // namespace berth::exposure
