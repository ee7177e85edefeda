// ClusterAccess: where the API server is and how we show who we are, whatever it was read from.
//
// Plain data. Environment is the process's surroundings (variables, files) as a parameter, so that every rule
// of where access comes from is tested without touching the machine. Thread-safety: values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace berth::client {

struct ClusterAccess {
  std::string host = {};  // a name or an address, IPv6 without brackets
  std::uint16_t port = 443;
  std::string path = {};             // before every request's own, e.g. "/k8s/clusters/c-1"; usually ""
  bool plain = false;                // http://, for local proxies only
  std::string ca_pem = {};           // "" = the system's certificates
  std::string client_cert_pem = {};  // both or none
  std::string client_key_pem = {};
  std::string token = {};        // at most one of the two
  std::string token_file = {};   // read again every minute: bound tokens live an hour
  std::string server_name = {};  // checked in place of the host
  bool insecure = false;         // any certificate will do
  std::string ns = {};           // of the context or of our pod; "default" when nothing names one
  std::string source = {};       // for people: the file and context, or "in-cluster"

  bool operator==(const ClusterAccess&) const = default;
};

// A program that is to be run to its end.
struct ProgramRun {
  std::vector<std::string> arguments = {};                          // the program first; never empty
  std::vector<std::pair<std::string, std::string>> variables = {};  // beside those of our own surroundings
};

struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // The whole file. NotFound when there is none; Malformed when it is larger than 1 MiB.
  std::function<Result<std::string>(const std::string& path)> read_file;
  // What it wrote to its standard output. Empty: no programs are run.
  std::function<Result<std::string>(const ProgramRun&)> run_program = {};
};

// Of this process. Runs no programs.
Environment system_environment();
// The same, for people's own programs: the credential plugins of a kubeconfig are run.
Environment interactive_environment();

// In this order: the file of `kubeconfig_flag` when it is not empty; the service account of the pod when
// KUBERNETES_SERVICE_HOST is set and no context is asked for; the first existing file of the colon list
// KUBECONFIG; $HOME/.kube/config. (Files of the list are not merged: one file says everything.) `context` ""
// = the file's current-context.
Result<ClusterAccess> find_access(const Environment& environment, const std::string& kubeconfig_flag,
                                  const std::string& context = "");

}  // namespace berth::client
