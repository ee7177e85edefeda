// The live cluster of a run: found as kubectl finds it, looked at once, never written to.
//
// Thread-safety: free function.
#pragma once

#include "cli/inputs.h"

namespace berth::cli {

// Errors say what kept us out: no kubeconfig, no connection, or the kinds that we may not list.
Result<LiveCluster> look_at_cluster(const ClusterChoice& choice, const adapters::Table& table);

}  // namespace berth::cli
