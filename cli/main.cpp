// berth: the command line of Berth, and kubectl's plugin when it is called kubectl-berth.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cli/check_webhook.h"
#include "cli/live_cluster.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv, argv + argc);
  const char* no_colour = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  berth::cli::Setting setting;
  setting.colour = isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
  setting.now.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
  setting.look = berth::cli::look_at_cluster;
  setting.ask = berth::cli::ask_webhook;
  setting.pause = [](berth::Duration span) { std::this_thread::sleep_for(span); };
  const int code = berth::cli::run(args, std::cin, std::cout, std::cerr, setting);
  std::cout.flush();
  return std::cout.good() ? code : berth::cli::kUnreadable;
}
