// What the kernel says of this process, for the process_* metrics.
//
// Thread-safety: reads /proc; may be called from several threads at once.
#pragma once

#include <optional>

namespace berth::daemon {

struct ProcessFigures {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the Unix epoch
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;  // the soft limit; infinity is +Inf
};

// nullopt where /proc cannot be read.
std::optional<ProcessFigures> read_process_figures();

}  // namespace berth::daemon
