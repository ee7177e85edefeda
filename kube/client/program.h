// Running a program that gives credentials.
//
// Thread-safety: free function; the program inherits standard input and standard error.
#pragma once

#include <string>

#include "core/base/result.h"
#include "kube/client/access.h"

namespace berth::client {

// To its end, found by PATH when the name has no slash. What it wrote to its standard output, at most 1 MiB.
// Errors: NotFound when it cannot be started; Malformed when it failed or wrote more.
Result<std::string> run_program(const ProgramRun& run);

}  // namespace berth::client
