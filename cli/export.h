// Export: ExposurePolicies as the admission policies that the API server keeps by itself.
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "core/base/instant.h"
#include "core/model/exposure_policy.h"

namespace berth::cli {

// Every policy and binding as one document of a YAML stream, or one JSON List.
std::string export_admission_policies(const std::vector<ExposurePolicy>& policies,
                                      const ExportCommand& command, Instant now);

}  // namespace berth::cli
