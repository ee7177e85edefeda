#include "kube/client/program.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;  // POSIX has no header for it

namespace berth::client {
namespace {

constexpr std::size_t kMaxOutput = 1U << 20U;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Ours, with those of the run in the place of their namesakes.
std::vector<std::string> variables_of(const ProgramRun& run) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : run.variables) variables.push_back(name + "=" + value);
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string text = *one;
    const std::string name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& variable : run.variables) replaced = replaced || variable.first == name;
    if (!replaced) variables.push_back(text);
  }
  return variables;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() <= kMaxOutput) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> run_program(const ProgramRun& run) {
  std::vector<std::string> arguments = run.arguments;
  std::vector<std::string> variables = variables_of(run);
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return Error{Code::kUnavailable, "no pipe could be made"};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, arguments.front().c_str(), &actions, nullptr,
                                  pointers_to(arguments).data(), pointers_to(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  const std::string output = failed == 0 ? read_all(ends[0]) : std::string();
  close(ends[0]);
  const std::string& name = run.arguments.front();
  if (failed != 0) return Error{Code::kNotFound, name + " cannot be run: " + std::strerror(failed)};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return malformed(name + " failed" +
                     (WIFEXITED(status) ? " with exit code " + std::to_string(WEXITSTATUS(status)) : ""));
  }
  if (output.size() > kMaxOutput) return malformed(name + " wrote more than 1 MiB");
  return output;
}

}  // namespace berth::client
