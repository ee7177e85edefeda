// Options of berth-webhook, from the command line.
//
// Thread-safety: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "kube/daemon/listen_address.h"
#include "kube/daemon/log.h"

namespace berth::webhook {

struct Options {
  std::string kubeconfig = {};      // "" = in-cluster, then KUBECONFIG, then ~/.kube/config
  std::string ns = "berth-system";  // of the Secret and, registered by Service, of the Service
  daemon::ListenAddress listen = {"", 9443};
  daemon::ListenAddress health_listen = {"127.0.0.1", 8082};
  std::string url = {};  // "" = registered by Service
  std::string service_name = "berth-webhook";
  std::vector<std::string> excluded_namespaces = {"kube-system", "kube-node-lease", "kube-public",
                                                  "berth-system"};
  std::string operator_user = "system:serviceaccount:berth-system:berth-operator";
  bool register_webhook = true;
  Duration drain_delay{3'000};
  int threads = 2;
  daemon::LogFormat log_format = daemon::LogFormat::kText;
  daemon::LogLevel log_level = daemon::LogLevel::kInfo;
};

// What main() does next: run with these options, or end at once with this exit code (help, version, a
// mistake; the text has been printed).
struct Parsed {
  std::optional<Options> options = {};
  int exit_code = 0;
};

Parsed parse_options(int argc, const char* const* argv);

}  // namespace berth::webhook
