// Where an entrance is open to the outside: by itself (an Ingress), or at the listeners that take it (a
// route).
//
// A route that names no Gateway leads nobody in from outside: its parent is a Service, and it belongs to a
// mesh. Thread-safety: pure functions over constant facts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/exposure/facts.h"
#include "core/model/entrance.h"
#include "core/model/gateway.h"

namespace berth::exposure {

struct Attachment {
  const ParentReference* parent = nullptr;  // nullptr: the entrance stands by itself
  const Gateway* gateway = nullptr;         // nullptr besides: the facts do not have it
  const GatewayListener* listener = nullptr;
  std::string unknown = {};  // why nobody can tell at which number it is shown; "" = the listener tells
};

// A Gateway that keeps to private networks (its class, or what it asks of the cloud) attaches nothing. One
// that is not there yet attaches at a number that is not known: what it leads to can be judged already. A
// ListenerSet counts as part of its Gateway, whether or not that takes it (spec.allowedListeners).
std::vector<Attachment> attachments_of(const Entrance& entrance, const Facts& facts);

// Only the requests for these hosts can come by the listener; all when either side names none. ("*.a.example"
// stands for one or more labels in front, GatewayListener.hostname.)
std::vector<std::string> hosts_at(const GatewayListener& listener, std::vector<std::string> hosts);

// By its class, or by the annotations of its infrastructure (load_balancers.h). Of a ListenerSet: that of its
// Gateway.
bool is_internal(const Gateway& gateway, const Facts& facts);

// May `entrance` refer to this target? A route needs a ReferenceGrant to lead into another namespace,
// whatever kind of backend it names there.
bool is_granted(const Entrance& entrance, const EntranceTarget& target, const Facts& facts);
bool grants(const ReferenceGrant& grant, const Entrance& entrance);

Protocol protocol_of(const GatewayListener& listener);

}  // namespace berth::exposure
