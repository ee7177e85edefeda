// What the annotation alb.ingress.kubernetes.io/actions.NAME of an Ingress leads to.
//
// An action is JSON by people's hands; read is every member of it that names a Service, wherever it stands.
// Redirects, fixed answers and target groups of AWS itself name none. The controller is a Go program, and so
// are the names of members compared: in any case. Source: AWS Load Balancer Controller, Ingress annotations,
// "actions". Errors name the field. Thread-safety: free function.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/service.h"

namespace berth::json {

Result<std::vector<ServiceReference>> read_alb_action(std::string_view text);

}  // namespace berth::json
