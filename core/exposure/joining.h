// Ways out put together of their two halves: an Opening in front of the Service port, and Endings behind it.
//
// Thread-safety: pure functions; a WayCollection belongs to one judgement.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/exposure/endings.h"
#include "core/exposure/openings.h"
#include "core/exposure/way_collection.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// Nothing is needed between the halves: no Service, or none of its ports.
WayOut join(const Opening& opening, const Service* service, const ServicePort* port, const Ending& ending);

// Where a port of the Service that is at hand ends.
using EndingsOf = std::function<std::vector<Ending>(const ServicePort&)>;

// Where `number` of a Service leads that is reached by its DNS name or its address: to its port of that
// number, and of a headless one to that number of its pods. True when it leads anywhere.
bool add_ways_by_number(const Service& service, const Opening& opening, std::int64_t number,
                        const EndingsOf& endings_of, WayCollection& ways);

}  // namespace berth::exposure
