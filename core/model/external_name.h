// Which Service of the cluster a DNS name means: what `externalName` of an ExternalName Service may lead back
// to.
//
// Source: Kubernetes DNS-Based Service Discovery, version 1.1.0. Thread-safety: pure function.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/object_key.h"
#include "core/model/service.h"

namespace berth {

// SERVICE.NAMESPACE.svc with any domain of a cluster behind it, and POD.SERVICE.NAMESPACE.svc of a headless
// Service; also SERVICE.NAMESPACE alone, which the search path of a pod completes - whether that Service is
// there the caller must look. In any case of letters, with or without the dot of the root. nullopt: a name
// that is none of these.
std::optional<ObjectKey> service_named(std::string_view dns_name);

// An ExternalName Service whose name means a Service of that namespace.
bool is_alias_into(const Service& service, std::string_view ns);

}  // namespace berth
