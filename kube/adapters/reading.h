// Reading an object by its adapter: as an Entrance, as the Workload whose pods it makes, as an Advertisement,
// as a Backend, as a NetworkPolicy, or as a NetworkSet.
//
// What is not there leads nowhere; what is there in another form than the table expects is unknown and said
// to be. Errors: a pod template that is none, with its field. Thread-safety: pure functions.
#pragma once

#include <variant>

#include "core/base/result.h"
#include "core/model/advertisement.h"
#include "core/model/backend.h"
#include "core/model/custom_object.h"
#include "core/model/entrance.h"
#include "core/model/network_policy.h"
#include "core/model/network_set.h"
#include "core/model/workload.h"
#include "kube/adapters/adapter.h"

namespace berth::adapters {

using Read = std::variant<Entrance, Workload, Advertisement, NetworkPolicy, NetworkSet, Backend>;

// `object` is of the adapter's kind.
Result<Read> read(const Adapter& adapter, const CustomObject& object);

}  // namespace berth::adapters
