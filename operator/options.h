// Options of berth-operator, from the command line.
//
// Thread-safety: values.
#pragma once

#include <optional>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "kube/daemon/listen_address.h"
#include "kube/daemon/log.h"

namespace berth::controller {

struct Options {
  std::string kubeconfig = {};      // "" = in-cluster, then KUBECONFIG, then ~/.kube/config
  std::string ns = "berth-system";  // of the lease
  std::string identity = {};        // "" = host name and process id
  Duration lease_duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
  daemon::ListenAddress health_listen = {"127.0.0.1", 8081};
  daemon::LogFormat log_format = daemon::LogFormat::kText;
  daemon::LogLevel log_level = daemon::LogLevel::kInfo;
  int workers = 4;
};

// What main() does next: run with these options, or end at once with this exit code (help, version, a
// mistake; the text has been printed).
struct Parsed {
  std::optional<Options> options = {};
  int exit_code = 0;
};

Parsed parse_options(int argc, const char* const* argv);

}  // namespace berth::controller
