#include "core/model/workload.h"

#include <algorithm>

namespace berth {

bool has_ended(const Workload& workload) {
  return workload.kind == "Pod" && (workload.phase == "Succeeded" || workload.phase == "Failed");
}

bool has_address(const Workload& workload, std::string_view address) {
  return std::find(workload.addresses.begin(), workload.addresses.end(), address) != workload.addresses.end();
}

}  // namespace berth
