// App: the webhook as a process. Reads as a list of what is started, in order, and stopped in reverse.
#pragma once

#include "webhook/options.h"

namespace berth::webhook {

// Runs until told to stop (0) or until the start fails (1).
int run(const Options& options);

}  // namespace berth::webhook
