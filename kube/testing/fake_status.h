// FakeStatus: answers that say no, as the API server words them.
//
// Private to the fake API server. Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "core/base/object_key.h"
#include "kube/http/transport.h"
#include "kube/wire/kind.h"

namespace berth::testing {

struct FieldCause {
  std::string reason = {};  // FieldValueInvalid, FieldValueForbidden, FieldValueRequired, FieldValueDuplicate
  std::string field = {};
  std::string message = {};
};

http::Response json_response(int status, std::string body);
http::Response status_response(int status, const std::string& reason, const std::string& message,
                               const wire::Kind* kind = nullptr, const std::string& name = "",
                               const std::vector<FieldCause>& causes = {});

http::Response not_found(const wire::Kind& kind, const std::string& name);
http::Response already_exists(const wire::Kind& kind, const std::string& name);
// 409 with the reason the API server gives, e.g. "the object has been modified; ...".
http::Response conflict(const wire::Kind& kind, const std::string& name, const std::string& why);
http::Response stale(const wire::Kind& kind, const std::string& name);
http::Response uid_precondition(const wire::Kind& kind, const std::string& name, const Uid& wanted,
                                const Uid& present);
// 422 with one cause.
http::Response invalid(const wire::Kind& kind, const std::string& name, const FieldCause& cause);
http::Response bad_request(const std::string& message);

}  // namespace berth::testing
