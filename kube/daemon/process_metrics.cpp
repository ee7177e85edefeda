#include "kube/daemon/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace berth::daemon {
namespace {

// Field numbers of proc(5) /proc/[pid]/stat, counted from 1; the name in field 2 may hold blanks and
// brackets.
constexpr int kUserTime = 14;
constexpr int kSystemTime = 15;
constexpr int kStartTime = 22;
constexpr int kVirtualSize = 23;
constexpr int kResidentPages = 24;

std::optional<double> boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    double value = 0;
    if (words >> key >> value && key == "btime") return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ProcessFigures> read_process_figures() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream words(line.substr(name_end + 1));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessFigures figures;
  std::string word;
  for (int field = 3; field <= kResidentPages; ++field) {
    if (!(words >> word)) return std::nullopt;
    if (field < kUserTime) continue;
    const double value = std::strtod(word.c_str(), nullptr);
    if (field == kUserTime || field == kSystemTime) figures.cpu_seconds += value / ticks;
    if (field == kStartTime) figures.start_time_seconds = value / ticks;
    if (field == kVirtualSize) figures.virtual_bytes = value;
    if (field == kResidentPages)
      figures.resident_bytes = value * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  figures.start_time_seconds += boot_time_seconds().value_or(0);
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    // One of them is the listing's own.
    figures.open_fds = static_cast<double>(std::distance(begin(descriptors), end(descriptors)) - 1);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    figures.max_fds = limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                      : static_cast<double>(limit.rlim_cur);
  }
  return figures;
}

}  // namespace berth::daemon
