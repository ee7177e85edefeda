// Retired shapes of kinds we know -> the shape of today, before decoding (row 20 of exposure.md).
//
// Repositories hold manifests for API versions that no server takes any more; converters and old clusters
// still do. Thread-safety: pure function over its argument.
#pragma once

#include "cli/loader/known_kinds.h"
#include "cli/loader/node.h"

namespace berth::cli {

// Rewrites apiVersion, and for an Ingress {serviceName, servicePort} and spec.backend.
void bring_up_to_date(Node& object, const KnownKind& kind);

}  // namespace berth::cli
