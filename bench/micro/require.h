// require(): every bench checks what it has just measured, so that none can measure nothing.
#pragma once

#include <cstdlib>
#include <iostream>

namespace berth::bench {

// Ends the program with `what` when the check fails.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "bench: wrong result: " << what << '\n';
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread
}

}  // namespace berth::bench
