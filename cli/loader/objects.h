// Documents -> the objects that decide about exposure and numbers, decoded by the webhook's own codec.
//
// Lists are unwrapped, retired versions brought up to date, what the API server fills in and judging needs is
// filled in (the namespace; TCP and targetPort = port are the codec's and the engine's). Thread-safety: free
// function over values.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "cli/loader/documents.h"
#include "cli/loader/known_kinds.h"
#include "cli/loader/problem.h"
#include "core/model/advertisement.h"
#include "core/model/backend.h"
#include "core/model/endpoint_slice.h"
#include "core/model/entrance.h"
#include "core/model/exposure_policy.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/model/network_set.h"
#include "core/model/port_allocation.h"
#include "core/model/port_range.h"
#include "core/model/service.h"
#include "core/model/workload.h"
#include "kube/adapters/table.h"

namespace berth::cli {

using Model =
    std::variant<Service, Workload, Entrance, Gateway, ReferenceGrant, EndpointSlice, NetworkPolicy,
                 NetworkSet, Advertisement, Backend, Namespace, PortAllocation, ExposurePolicy, PortRange>;

const Meta& meta_of(const Model& model);

struct Object {
  std::string file = {};
  Mark mark = {};
  std::string kind = {};
  Model model = {};

  // "Service data/web", "ExposurePolicy control-plane", "Pod data/web-*" for a generateName.
  [[nodiscard]] std::string name() const;
  // Kind, namespace and name: what makes two manifests versions of one object. The kinds we read have each
  // one group, so the group says nothing more. "" while the API server has yet to choose the name.
  [[nodiscard]] std::string identity() const;
};

struct Loaded {
  std::vector<Object> objects = {};  // in the order of the text
  std::size_t other_kinds = 0;       // objects of kinds that do not decide about exposure
};

// `ns` is the namespace of namespaced objects that name none ("default" for kubectl without -n).
// `table` reads the kinds that no code of ours does. The result is complete only if `problems` got no error.
Loaded load_objects(std::vector<Document> documents, const std::string& ns, Problems& problems,
                    const adapters::Table& table = adapters::builtin());

}  // namespace berth::cli
