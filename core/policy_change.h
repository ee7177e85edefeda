// What a change of ExposurePolicies would mean for what stands in a cluster.
//
// What stands keeps running whatever a policy says; but what is made again, or opens its way anew, is judged
// as here. Thread-safety: pure functions over values; `facts` must not change during a call.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/verdict.h"
#include "core/model/cluster_objects.h"

namespace berth {

// A way that stands, and what the policies would say if it came now; the decision is kAllow when nobody
// objects. What policies only audit is left out.
struct StandingWay {
  ObjectReference object = {};  // that opens it; a kind read by an adapter has no apiVersion here
  bool told = false;  // false: of the hidden node port of a load balancer the same is said as of this
  exposure::Finding finding = {};
};

// Of all ways into the namespace, in a stable order.
std::vector<StandingWay> standing_ways(const std::string& ns, const exposure::Facts& facts, Instant now);

struct PolicyChange {
  std::vector<StandingWay> stricter = {};  // with what would be said
  std::vector<StandingWay> milder = {};    // denied before and not any more, with what was said
};

// Both must be of the same ways in the same order, under the policies before and after.
PolicyChange compare(const std::vector<StandingWay>& before, const std::vector<StandingWay>& after);

}  // namespace berth
