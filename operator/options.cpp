#include "operator/options.h"

#include <CLI/CLI.hpp>

#include "core/base/version.h"

namespace berth::controller {

namespace {

// The rules of client-go's leader election: a leader must give up before others may take over, and must have
// tried more than once by then.
void check_lease(const Options& options) {
  if (options.renew_deadline >= options.lease_duration) {
    throw CLI::ValidationError("--renew-deadline",
                               "must be shorter than --lease-duration, or two would lead for the difference");
  }
  if (options.retry_period * 12 / 10 >= options.renew_deadline) {
    throw CLI::ValidationError("--retry-period",
                               "must be shorter than --renew-deadline by a fifth at least, or a leader ends "
                               "itself after one failure");
  }
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{"Assigns ports to PortAllocations, publishes them and keeps the rest closed."};
  app.set_version_flag("--version", std::string("berth-operator ") + kVersion);
  daemon::add_program_options(app, options.program);
  app.add_option("--namespace", options.ns, "namespace of the leader-election lease")->capture_default_str();
  app.add_option("--identity", options.identity,
                 "name in the lease, unique to this process; default host_pid");
  daemon::add_parsed_option(app, "--lease-duration", options.lease_duration, parse_duration, "15s",
                            "how long a silent leader keeps its lease");
  daemon::add_parsed_option(app, "--renew-deadline", options.renew_deadline, parse_duration, "10s",
                            "a leader that cannot renew for this long ends itself");
  daemon::add_parsed_option(app, "--retry-period", options.retry_period, parse_duration, "2s",
                            "how often the leader renews its lease; who waits looks twice as often");
  app.add_option("--workers", options.workers, "objects worked on at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  daemon::add_parsed_option(app, "--namespaces", options.scope, parse_namespace_scope, "",
                            "namespaces that it works in, with commas between them; of no other it sees or "
                            "touches anything (docs/install.md); without it: every namespace");
  app.add_option("--exclude-namespaces", options.excluded_namespaces,
                 "namespaces that the admission policies of spec.enforce.admissionPolicy let alone, as those "
                 "that the webhook never judges")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--user", options.user,
                 "user of this operator, whose own Services they let alone; \"\" = nobody's")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    check_lease(options);
  } catch (const CLI::ParseError& error) {
    return {{}, app.exit(error) == 0 ? 0 : 2};
  }
  return {options, 0};
}

}  // namespace berth::controller
