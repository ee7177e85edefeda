// Start: the steps that every program of ours takes before its own work, and how it says that one failed.
//
// Thread-safety: functions without state.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "kube/daemon/health.h"
#include "kube/daemon/listen_address.h"
#include "kube/daemon/log.h"
#include "kube/http/server.h"

namespace berth::daemon {

// HOST_PID: who of all programs this is, for a Lease; two on one host must not take each other's for theirs.
std::string process_identity();

// Logs what could not be done; the exit status of the program, 1.
int give_up(const Log& log, std::string_view doing, const Error& error);

// A server there, with everything else as http::ServerOptions has it.
http::ServerOptions listening_on(const ListenAddress& address);

// The plain listener of /healthz, /readyz and /metrics. `health` must outlive it. Errors: as Server::start().
Result<std::unique_ptr<http::Server>> serve_health(const ListenAddress& address, const Health& health);

}  // namespace berth::daemon
