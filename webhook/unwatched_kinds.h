// Kinds that may lead out of the cluster by the look of their names, and that nobody here reads.
//
// A guess that costs nothing: whoever installs such a kind should know that Berth does not see it, and give
// it an adapter. Thread-safety: pure.
#pragma once

#include <vector>

#include "kube/adapters/table.h"
#include "kube/wire/kind.h"

namespace berth::webhook {

// Those of `served` that neither the code nor the table reads, in their order.
std::vector<wire::Kind> unwatched_kinds(const std::vector<wire::Kind>& served, const adapters::Table& table);

}  // namespace berth::webhook
