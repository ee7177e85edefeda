// Export: ExposurePolicies as the admission policies that the API server keeps by itself.
//
// Thread-safety: pure function.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/loader/objects.h"
#include "cli/loader/problem.h"
#include "core/base/instant.h"

namespace berth::cli {

// Every policy and binding of the ExposurePolicies among the objects, each as one document of a YAML stream,
// or as one JSON List. A name that the API server would refuse is a problem: with such a file it does not
// start.
std::string export_admission_policies(const std::vector<Object>& objects, const ExportCommand& command,
                                      Instant now, Problems& problems);

}  // namespace berth::cli
