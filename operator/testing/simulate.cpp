// Runs many schedules of the simulation on all cores: simulate [schedules [first seed]].
//
// Exits with 1 when one broke a promise, and says which and how to run it alone. The seed 0 counts as any
// other.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "operator/testing/simulation.h"

namespace {

using berth::controller::complaints;
using berth::controller::schedule;
using berth::controller::simulate;

// Schedules are many and short. What one gives back the next one takes: without this the allocator returns
// memory to the system and fetches it again, a tenth of the whole time.
void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
}

// Every `stride`-th schedule from `seed` on; false when one broke a promise.
bool run(std::uint64_t seed, std::uint64_t end, std::uint64_t stride) {
  bool kept = true;
  for (; seed < end; seed += stride) {
    const auto lines = complaints(simulate(schedule(seed)));
    if (lines.empty()) continue;
    kept = false;
    std::string text = "seed " + std::to_string(seed) + " breaks a promise:\n";
    for (const std::string& line : lines) text += "  " + line + "\n";
    std::cerr << text + "  alone: simulate 1 " + std::to_string(seed) + "\n" << std::flush;
  }
  return kept;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t schedules = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  const auto begun = std::chrono::steady_clock::now();
  keep_memory();
  std::vector<pid_t> children;
  for (unsigned job = 0; job < jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) _exit(run(first + job, first + schedules, jobs) ? 0 : 1);
    if (child < 0) return 2;
    children.push_back(child);
  }
  bool kept = true;
  for (const pid_t child : children) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) kept = false;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << "simulation: " << schedules << " schedules from seed " << first << " on " << jobs
            << " cores in " << took.count() << " s: " << (kept ? "every promise kept" : "PROMISES BROKEN")
            << "\n";
  return kept ? 0 : 1;
}
