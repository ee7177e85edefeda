// A route of the Gateway API as the entrance that it is: where its rules and its filters lead.
//
// A backend of weight 0 counts: the next edit of the weight is no new way. Which listeners take the route is
// found when it is judged (attachments.h). Thread-safety: pure function.
#pragma once

#include "core/model/entrance.h"
#include "core/model/gateway.h"

namespace berth::exposure {

// gateway.networking.k8s.io HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute. A backend of another kind
// than Service is a target that is no Service.
Entrance entrance_of(const Route& route);

}  // namespace berth::exposure
