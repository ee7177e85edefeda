// The words of a finding: the path as a chain of objects and numbers, and what to write instead.
#pragma once

#include <string>
#include <vector>

#include "core/exposure/rules.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// 'Service data/web (LoadBalancer) port 443 -> targetPort "pg" -> StatefulSet data/pg container postgres port
// 5432'
std::string path_of(const WayOut& way);

// What to write instead, for somebody who edits a workload, or the Service or Ingress.
std::string fix_for(const WayOut& way, const Objection& objection, bool judged_is_workload);

// "5432" for TCP, "5432/UDP" otherwise.
std::string number_text(std::int64_t number, Protocol protocol);

// Kind, namespace and name; a name that is not given yet is shown as "prefix*".
std::string object_text(const std::string& kind, const Meta& meta);

// Free text from a policy or an object, on one line: control characters become blanks.
std::string one_line(std::string text);

}  // namespace berth::exposure
