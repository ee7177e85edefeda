// App: the operator as a process. Reads as a list of what is started, in order, and stopped in reverse.
#pragma once

#include "operator/options.h"

namespace berth::controller {

// Runs until told to stop (0), until the lease is lost or the start fails (1).
int run(const Options& options);

}  // namespace berth::controller
