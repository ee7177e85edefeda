#include "kube/client/access.h"

#include <cstdlib>
#include <fstream>
#include <string_view>

#include "kube/client/in_cluster.h"
#include "kube/client/kubeconfig.h"
#include "kube/client/program.h"

namespace berth::client {
namespace {

constexpr std::size_t kMaxFileBytes = 1U << 20U;

Result<std::string> read_system_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::kNotFound, "cannot open " + path};
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (!file.eof() && file.fail())) return Error{Code::kNotFound, "cannot read " + path};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return malformed(path + " is larger than 1 MiB");
  return text;
}

Result<ClusterAccess> from_file(const Environment& environment, const std::string& path,
                                const std::string& context) {
  TRY(const std::string text, environment.read_file(path));
  return parse_kubeconfig(text, path, context, environment);
}

}  // namespace

Environment system_environment() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  environment.read_file = read_system_file;
  return environment;
}

Environment interactive_environment() {
  Environment environment = system_environment();
  environment.run_program = run_program;
  return environment;
}

Result<ClusterAccess> find_access(const Environment& environment, const std::string& kubeconfig_flag,
                                  const std::string& context) {
  if (!kubeconfig_flag.empty()) return from_file(environment, kubeconfig_flag, context);
  if (context.empty() && !environment.variable("KUBERNETES_SERVICE_HOST").value_or("").empty()) {
    return in_cluster_access(environment);
  }
  std::string looked = "KUBERNETES_SERVICE_HOST is not set";
  // Only a file that is not there lets the search go on: one that is wrong must be told of.
  const auto try_file = [&](const std::string& path) -> std::optional<Result<ClusterAccess>> {
    const auto text = environment.read_file(path);
    if (!text.ok() && text.error().code == Code::kNotFound) {
      looked += ", " + text.error().message;
      return std::nullopt;
    }
    if (!text.ok()) return Result<ClusterAccess>(text.error());
    return parse_kubeconfig(*text, path, context, environment);
  };
  std::string list = environment.variable("KUBECONFIG").value_or("");
  if (!list.empty()) {
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      const std::string path(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
      if (path.empty()) continue;
      if (auto access = try_file(path)) return std::move(*access);
    }
  } else if (const auto home = environment.variable("HOME"); home && !home->empty()) {
    if (auto access = try_file(*home + "/.kube/config")) return std::move(*access);
  }
  return Error{Code::kNotFound,
               "no way to a cluster was found (" + looked + "); give --kubeconfig or set KUBECONFIG"};
}

}  // namespace berth::client
