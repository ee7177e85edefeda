// An Ingress as the entrance that it is: where its rules lead, and where its controllers let it lead by its
// annotations (docs/reference/ingress-annotations.md).
//
// An annotation that nobody here can follow is a target that is not known, and never none. Thread-safety:
// pure function.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/entrance.h"
#include "core/model/service.h"

namespace berth::exposure {

// Reads an action of the AWS Load Balancer Controller, which is JSON (kube/json/alb_action.h).
using ReadAlbAction = std::function<Result<std::vector<ServiceReference>>(std::string_view text)>;

// networking.k8s.io/v1. The number shown is its controller's: 443 with TLS, 80 without (IngressSpec).
Entrance entrance_of(const Ingress& ingress, const ReadAlbAction& read_alb_action);

// A kind of annotation that leads somewhere beside the rules.
struct LeadingAnnotation {
  std::string_view key;         // up to a "*" when it ends in one
  std::string_view controller;  // whose it is, for people
  std::string_view leads_to;    // the same
};
const std::vector<LeadingAnnotation>& leading_annotations();

}  // namespace berth::exposure
