// Kinds that nobody knows and that carry a pod template all the same: told by its look (exposure.md row 48).
//
// A mapping with `containers`, each of which has an image, is a pod spec; as member `spec` of a mapping it is
// that of a template. The cluster judges the pods that are made of it; a file has nothing but this.
// Thread-safety: pure function.
#pragma once

#include <optional>

#include "cli/loader/node.h"
#include "core/model/workload.h"

namespace berth::cli {

// All pod specs in it taken for one, whose pods do what all of them do. nullopt: there is none, or none that
// can be read as one.
std::optional<Workload> as_pod_carrier(const Node& object);

}  // namespace berth::cli
