// Opening: the beginning of a way out, everything up to the Service port.
//
// What a Service opens by itself, and what entrances open that name it. Thread-safety: pure functions over
// constant facts; an Opening points into the objects that it was found in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/exposure/facts.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

struct Opening {
  Via via = Via::kLoadBalancer;
  std::int64_t shown = 0;
  Audience audience = {};
  const Entrance* entrance = nullptr;
  const EntranceTarget* target = nullptr;
  std::string_view sign = {};
  const Advertisement* advertisement = nullptr;  // by which routers know the way to the cluster IP
  const Service* alias = nullptr;                // that the target names instead of the Service itself
  const Backend* backend = nullptr;              // the same, and by which endpoint it leads on
  const BackendEndpoint* endpoint = nullptr;
  const ParentReference* parent = nullptr;  // of a route: what it is attached to
  const Gateway* gateway = nullptr;
  bool ends_tls = false;
  std::string unknown = {};  // why it is not known what it shows; "" = it is known
};

// What the Service opens for one of its ports.
std::vector<Opening> own_openings(const Service& service, const ServicePort& port);

// By cluster IPs that are advertised to routers outside.
std::vector<Opening> advertised_openings(const Service& service, const ServicePort& port, const Facts& facts);

// What lets requests for these hosts in to a target of the entrance: the entrance itself, or each listener
// that takes it, each number once. None: nobody gets in this way.
std::vector<Opening> openings_of(const Entrance& entrance, const EntranceTarget& target,
                                 const std::vector<std::string>& hosts, const Facts& facts);
// The same for all hosts of the target.
std::vector<Opening> openings_of(const Entrance& entrance, const EntranceTarget& target, const Facts& facts);

}  // namespace berth::exposure
