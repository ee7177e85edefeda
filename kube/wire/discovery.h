// Discovery: which kinds the API server serves, in one answer.
//
// Source: KEP-3352, aggregated discovery, served by every Kubernetes since 1.27. Thread-safety: pure
// functions.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/http/transport.h"
#include "kube/wire/kind.h"

namespace berth::wire {

// Of every group but the core's.
http::Request discovery();

// Each kind once, in the first version that its group lists. A group that lies behind another server and has
// not answered stands there without plural and kind: what it serves is not known. Errors: Malformed when the
// answer is no aggregated discovery: an older server answers with the names of the groups alone.
Result<std::vector<Kind>> parse_discovery(std::string_view text);

}  // namespace berth::wire
