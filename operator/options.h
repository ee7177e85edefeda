// Options of berth-operator, from the command line.
//
// Thread-safety: values.
#pragma once

#include <iterator>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "core/base/instant.h"
#include "core/base/namespace_scope.h"
#include "kube/daemon/program_options.h"

namespace berth::controller {

struct Options {
  daemon::ProgramOptions program = {.health_listen = {"127.0.0.1", 8081}};
  std::string ns = "berth-system";  // of the lease
  std::string identity = {};        // "" = host name and process id
  Duration lease_duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
  int workers = 4;
  NamespaceScope scope = {};
  // Of second walls: what they let alone. As the webhook's options.
  std::vector<std::string> excluded_namespaces{std::begin(kExcludedNamespaces),
                                               std::end(kExcludedNamespaces)};
  std::string user = kOperatorUser;
};

using Parsed = daemon::Parsed<Options>;

Parsed parse_options(int argc, const char* const* argv);

}  // namespace berth::controller
