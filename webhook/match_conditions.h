// What the API server asks itself before it asks this webhook, in CEL: what can open nothing never waits for
// it.
//
// Pure. Each condition holds for every object that can lead somewhere by what the engine reads of it, and an
// object that makes one fail with an error is refused (failurePolicy Fail): so members are looked for before
// they are read, and what is too long to be looked through is asked about. Shown on a real API server
// (e2e/verdicts, e2e/lockout). Source: KEP-3716; the budget of CEL of admissionregistration.k8s.io/v1.
#pragma once

#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "kube/adapters/table.h"

namespace berth::webhook {

// A node writes its own pods and their status.
MatchCondition not_a_node();
// The operator judges its own Services with the same engine. `user`: as the API server names it.
MatchCondition not_the_operator(const std::string& user);
// Neither the garbage collector nor whoever clears a deleted namespace.
MatchCondition not_clearing_up();
// Of updates those with another `spec` (or `specs`) than before.
MatchCondition another_spec();
// Of what is created only policies of Calico with a rule that selects by labels.
MatchCondition only_new_policies_that_select();

// Other labels than before.
MatchCondition other_labels();

// Of ConfigMaps only those with an entry such as "9000": "data/db:5432" (core/exposure/stream_map.h).
MatchCondition only_stream_maps();
// Of EndpointSlices and Endpoints only what somebody writes by hand, and only what has addresses.
MatchCondition only_endpoints_by_hand();
// Of NetworkPolicies only those with a rule that names nobody, or addresses.
MatchCondition only_open_network_policies();
// The same of the policies of other projects, which the adapters name (`policyOf`).
std::vector<MatchCondition> only_open_policies_of(const adapters::Table& table);
// Of APIServices only those that lead to a Service, and to none in these namespaces.
MatchCondition only_api_services_to_others_than(const std::vector<std::string>& excluded);

}  // namespace berth::webhook
