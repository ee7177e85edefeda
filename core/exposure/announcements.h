// Announcements: annotations and labels by which a controller makes a Service reachable that its type does
// not.
//
// A table: a new controller is one more line in it. Sources: the controllers' own documentation (Tailscale
// operator, kube-router, kube-service-exposer, Skupper, Linkerd and Cilium multi-cluster).
// Thread-safety: pure function.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/exposure/way_out.h"
#include "core/model/service.h"

namespace berth::exposure {

struct Announcement {
  Via via = Via::kAnnotation;  // or kExport: to other clusters
  std::string_view sign = {};  // "annotation tailscale.com/expose": of the table, lives for ever
  std::int64_t shown = 0;      // the number outside
};

// Of one port of the Service, in the order of the table. Values are compared as the controllers do: letter
// for letter.
std::vector<Announcement> announcements_of(const Service& service, const ServicePort& port);

// Of every line of the table.
std::vector<std::string_view> announcement_signs();

}  // namespace berth::exposure
