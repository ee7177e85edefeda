// Options of berth-webhook, from the command line.
//
// Thread-safety: values.
#pragma once

#include <iterator>
#include <string>
#include <vector>

#include "core/base/api_names.h"
#include "core/base/instant.h"
#include "kube/daemon/listen_address.h"
#include "kube/daemon/program_options.h"

namespace berth::webhook {

struct Options {
  daemon::ProgramOptions program = {.health_listen = {"127.0.0.1", 8082}};
  std::string ns = "berth-system";  // of the Secret and, registered by Service, of the Service
  daemon::ListenAddress listen = {"", 9443};
  std::string url = {};  // "" = registered by Service
  std::string service_name = "berth-webhook";
  std::vector<std::string> excluded_namespaces{std::begin(kExcludedNamespaces),
                                               std::end(kExcludedNamespaces)};
  std::string operator_user = kOperatorUser;
  std::string certificate_dir = {};  // "" = certificates of our own in the Secret
  Duration certificate_validity = std::chrono::hours(24 * 365);
  Duration ca_validity = std::chrono::hours(24 * 3650);
  Duration certificate_settle{30'000};
  std::string adapters_file = {};  // "" = Berth's own table alone
  bool register_webhook = true;
  Duration await_registration{0};  // which the installation brings
  bool audit = true;
  Duration drain_delay{3'000};
  int threads = 2;
};

using Parsed = daemon::Parsed<Options>;

Parsed parse_options(int argc, const char* const* argv);

}  // namespace berth::webhook
