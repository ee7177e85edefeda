// The words of a finding: the path as a chain of objects and numbers, and what to write instead.
#pragma once

#include <string>
#include <vector>

#include "core/exposure/rules.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// The last resort of every fix.
inline constexpr char kAskForException[] = "ask for an exception (kubectl berth explain --exception)";

// 'Service data/web (LoadBalancer) port 443 -> targetPort "pg" -> StatefulSet data/pg container postgres port
// 5432'
std::string path_of(const WayOut& way);

// What to write instead, for somebody who edits a workload, or the Service or entrance.
std::string fix_for(const WayOut& way, const Objection& objection, bool judged_is_workload);

// "port 5432 (PostgreSQL)", "port 51820/UDP"; `entry` may be absent.
std::string port_text(std::int64_t number, Protocol protocol, const PolicyPort* entry);

// ", removed in v8", "" when the entry does not say.
std::string removal_text(const PolicyPort& entry);

// "5432" for TCP, "5432/UDP" otherwise.
std::string number_text(std::int64_t number, Protocol protocol);

// Kind, namespace and name; a name that is not given yet is shown as "prefix*".
std::string object_text(const std::string& kind, const Meta& meta);

// "an " in front of "Ingress", "a " in front of "TCPRoute".
std::string article(const std::string& noun);

// "ExposurePolicy a", "ExposurePolicies a, b".
std::string policies_text(const std::vector<std::string>& names);

// "a, b", each on one line.
std::string joined(const std::vector<std::string>& list);

// Free text from a policy or an object, on one line: control characters become blanks.
std::string one_line(std::string text);

}  // namespace berth::exposure
