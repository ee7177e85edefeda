// The review of a CONNECT as what core judges: who asks the API server to connect him, and where.
//
// Errors: a subresource that nobody judges, and options or a name that cannot be read, with their field.
// Thread-safety: pure function.
#pragma once

#include "core/base/result.h"
#include "core/exposure/connection.h"
#include "kube/wire/admission_review.h"

namespace berth::webhook {

// Subresources of core/v1 that lead to a port. Of exec and attach no port is known, and nodes/proxy belongs
// to no namespace.
inline constexpr const char* kConnectResources[] = {"pods/portforward", "pods/proxy", "services/proxy"};

Result<exposure::Connection> connection_of(const wire::AdmissionReviewRequest& review);

}  // namespace berth::webhook
