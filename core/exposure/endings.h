// Ending: the end of a way out, everything behind the Service port.
//
// Thread-safety: functions over one Neighbourhood, which one judgement owns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/exposure/neighbourhood.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::exposure {

// Owner chains are three long in practice (CronJob, Job, Pod); a forged circle must end too.
inline constexpr int kMaxOwners = 8;

struct Ending {
  const Workload* workload = nullptr;
  std::string container = {};
  std::int64_t number = 0;
  std::string unresolved = {};
  const EndpointSlice* slice = nullptr;  // that leads there, when no selector does
  std::string_view address = {};         // in it
};

// The topmost owner of whom `says_the_same` holds all the way up, or `workload` itself.
const Workload& reported_as(const Workload& workload, Neighbourhood& around,
                            const std::function<bool(const Workload&)>& says_the_same);

// Ends of a Service port in one workload. Nothing of `port` is kept.
void add_endings(const Service& service, const ServicePort& port, const Workload& workload,
                 Neighbourhood& around, std::vector<Ending>& endings);

// Where a Service port leads: to who is selected, and where slices lead that somebody wrote by hand; never
// empty. Nothing of `port` is kept.
std::vector<Ending> all_endings(const Service& service, const ServicePort& port,
                                const std::vector<const Workload*>& selected, Neighbourhood& around);

// Who has this address, in any namespace, and is reached there at the number; none: nobody that is known.
std::vector<Ending> endings_at(std::string_view address, const ServicePort& connected, const Facts& facts);

// Where somebody arrives who connects to this number of a pod of a headless Service, whatever it lists.
ServicePort as_connected(std::int64_t number, Protocol protocol = Protocol::kTcp);

}  // namespace berth::exposure
