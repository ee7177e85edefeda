// ConfigMaps that tell pods their numbers (spec.configMap).
//
// For each port that status shows, under its name in upper case with '_' for '-':
//   API_PORT      24511                      the number
//   API_PROTOCOL  TCP
//   API_TARGET    8080 or http               targetPort, as the spec has it
//   API_HOST      api-gateway.mesh.svc       the Service that offers it under that number, for clients
// No two ports can meet in one key: the last word says which of the four it is, what stands before it is the
// name, and names have no '_'. Thread-safety: pure.
#pragma once

#include <string>
#include <vector>

#include "core/model/config_map.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"

namespace berth::desired {

// The UID of the allocation that the ConfigMap was generated for; empty when it is nobody's. Its controller
// ownerReference says so or, when it has none, its labels. Unlike that of a Service its name says nothing.
Uid told_for(const Meta& meta);
// Was it generated under the name that it has? A copy under another name says no: it is not ours to delete.
bool has_its_own_name(const Meta& meta);

// "API_V2" of "api-v2".
std::string variable_name(const std::string& port);

// `numbers`: as status shows them. `services`: those that offer them or will. Requires spec.configMap.
ConfigMap make_config_map(const PortAllocation& allocation, const std::vector<AllocatedPort>& numbers,
                          const std::vector<const Service*>& services);

}  // namespace berth::desired
