// Ways through a Backend: by its endpoints to Services, by their names and cluster IPs, and to pods, by their
// addresses and labels (exposure.md row 34).
//
// Found from whichever side is judged: from the route and the Backend on inwards, from the Service and the
// workload outwards. What an endpoint names beyond the cluster is nobody's way. Thread-safety: pure functions
// over constant facts; a WayCollection belongs to one judgement.
#pragma once

#include <vector>

#include "core/exposure/joining.h"
#include "core/exposure/neighbourhood.h"
#include "core/exposure/openings.h"

namespace berth::exposure {

// That the target names; nullptr when the facts have none.
const Backend* backend_of(const EntranceTarget& target, const Facts& facts);

// What entrances open that name the Backend.
std::vector<Opening> openings_naming(const Backend& backend, const Facts& facts);
// What they open whose Backends lead to the Service, each with its Backend and endpoint.
std::vector<Opening> openings_by_backend(const Service& service, const Facts& facts);

// Where one opening leads: by every endpoint of the Backend, or by the one that it has already.
void add_ways_to(const Backend& backend, Opening opening, const Facts& facts, WayCollection& ways);
void add_ways_by_endpoint(const Opening& opening, const Facts& facts, WayCollection& ways);

// Those to a Service, by its own name or by that of one of its aliases.
void add_ways_by_backend(const Service& service, const std::vector<const Service*>& aliases,
                         const Facts& facts, const EndingsOf& endings_of, WayCollection& ways);
// Those to a workload, by its labels.
void add_ways_by_backend(const Workload& workload, Neighbourhood& around, WayCollection& ways);

}  // namespace berth::exposure
