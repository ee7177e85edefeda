// A ConfigMap by which a controller forwards streams: ingress-nginx' tcp-services and udp-services, and the
// same of the HAProxy controllers.
//
// Told by its content and by no name: the flag that names it stands on the controller, where nobody here can
// look. Sources: ingress-nginx, "Exposing TCP and UDP services"; HAProxy Ingress, "TCP services"; HAProxy
// Kubernetes Ingress Controller, "configmap-tcp-services". Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "core/model/config_map.h"
#include "core/model/entrance.h"

namespace berth::exposure {

// A key is a port from 1 to 65535, its value "NAMESPACE/SERVICE:PORT" with the port by number or by name, and
// behind a further colon options of the controller. Controllers skip what is written otherwise.
bool forwards_a_stream(std::string_view key, std::string_view value);

// One target for each such entry; none: the ConfigMap is about something else.
Entrance entrance_of(const ConfigMap& config_map);

// Takes away what tells nothing of streams: of most ConfigMaps only the name is left.
void keep_only_streams(ConfigMap& config_map);

}  // namespace berth::exposure
