#include "webhook/app.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cluster/cluster_facts.h"
#include "core/base/api_names.h"
#include "core/base/version.h"
#include "kube/adapters/table.h"
#include "kube/client/access_reviews.h"
#include "kube/client/connect.h"
#include "kube/daemon/guarded_metrics.h"
#include "kube/daemon/health.h"
#include "kube/daemon/memory.h"
#include "kube/daemon/signals.h"
#include "kube/daemon/standard_metrics.h"
#include "kube/daemon/start.h"
#include "kube/http/server.h"
#include "webhook/auditor.h"
#include "webhook/certificate_directory.h"
#include "webhook/certificate_keeper.h"
#include "webhook/certificate_telemetry.h"
#include "webhook/lookout.h"
#include "webhook/registration.h"
#include "webhook/review_handler.h"
#include "webhook/review_telemetry.h"
#include "webhook/upkeep.h"

namespace berth::webhook {
namespace {

// A message for people's terminals as a line for the log.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  return line;
}

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

using daemon::give_up;
using daemon::Log;
using daemon::LogLevel;

constexpr Duration kDiscovery = std::chrono::minutes(10);
constexpr Duration kDrainLimit = std::chrono::seconds(10);

// Berth's own adapters, and those of the file.
Result<adapters::Table> read_adapters(const std::string& file) {
  if (file.empty()) return adapters::builtin();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return malformed("cannot be read", file);
  auto table = adapters::Table::parse(text);
  if (table.ok()) return adapters::builtin().joined(*table);
  Error error = table.error();
  error.field = file + (error.field.empty() ? "" : ": " + error.field);
  return error;
}

RegistrationOptions registration_options(const Options& options, adapters::Table table) {
  RegistrationOptions made;
  made.adapters = std::move(table);
  made.url = options.url;
  made.service_name = options.service_name;
  made.service_namespace = options.ns;
  made.excluded_namespaces = options.excluded_namespaces;
  made.operator_user = options.operator_user;
  return made;
}

AuditorConfig audit_config(const Options& options) {
  AuditorConfig config;
  config.lease.key = {options.ns, kAuditLease};
  config.lease.identity = daemon::process_identity();
  config.lease.seed = std::random_device{}();
  config.excluded_namespaces = options.excluded_namespaces;
  return config;
}

AuditedCluster audited(const cluster::ClusterFacts& facts) {
  return {.ready = [&] { return facts.ready(); },
          .namespaces = [&] { return facts.namespaces(); },
          .read =
              [&](const AuditedCluster::Use& use) {
                facts.read_in_passing([&](const exposure::Facts* known, const NumberBooks&) {
                  if (known != nullptr) use(*known);
                });
              }};
}

// Answers reviews and counts them.
class Reviewer {
 public:
  Reviewer(const cluster::ClusterFacts& facts, const adapters::Table& table, const runtime::Clock& clock,
           daemon::Metrics& metrics, const Log& log)
      : facts_(&facts),
        table_(&table),
        clock_(&clock),
        metrics_(&metrics),
        log_(log),
        telemetry_(metrics),
        webhook_metrics_(daemon::webhook_metrics(metrics, kReviewPath)),
        answered_(daemon::webhook_requests(metrics, kReviewPath, 200)) {}

  http::Reply answer(const http::ServerRequest& request) const {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path != kReviewPath)
      return refuse(404, "not found: reviews are posted to " + std::string(kReviewPath));
    if (request.method != "POST") return refuse(405, "reviews are posted");
    if (!request.content_type.starts_with("application/json")) {
      return refuse(415, "a review is application/json");
    }
    webhook_metrics_.in_flight.add(1);
    const auto begun = std::chrono::steady_clock::now();
    Reviewed reviewed;
    facts_->read([&](const exposure::Facts* facts, const NumberBooks& books) {
      reviewed = review(request.body, facts, clock_->wall(), &books, *table_);
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    webhook_metrics_.latency.observe(took.count());
    webhook_metrics_.in_flight.add(-1);
    answered_.add();
    note(reviewed, request.peer);
    return {200, "application/json", std::move(reviewed.answer), {}};
  }

 private:
  http::Reply refuse(int status, std::string why) const {
    daemon::webhook_requests(*metrics_, kReviewPath, status).add();
    return {status, "text/plain; charset=utf-8", std::move(why) + "\n", {}};
  }

  void note(const Reviewed& reviewed, const std::string& peer) const {
    telemetry_.count(reviewed);
    if (!reviewed.understood) {
      log_.warn("Review refused",
                {{"peer", peer}, {"object", reviewed.object}, {"why", reviewed.outcome.message}});
    } else if (!reviewed.outcome.allowed) {
      log_.info("Denied", {{"object", reviewed.object},
                           {"resource", reviewed.resource},
                           {"user", reviewed.user},
                           {"dry_run", reviewed.dry_run},
                           {"why", one_line(reviewed.outcome.message)}});
    } else {
      log_.debug("Admitted", {{"object", reviewed.object}, {"decision", to_string(reviewed.decision)}});
    }
    for (const std::string& line : reviewed.outcome.audit) {
      log_.info("Audit finding", {{"object", reviewed.object}, {"finding", line}});
    }
  }

  const cluster::ClusterFacts* facts_;
  const adapters::Table* table_;
  const runtime::Clock* clock_;
  daemon::Metrics* metrics_;
  const Log log_;
  ReviewTelemetry telemetry_;
  daemon::WebhookMetrics webhook_metrics_;
  daemon::Counter answered_;
};

// Files are looked at by themselves, so often that nobody waits for them.
constexpr Duration kFileCheck = std::chrono::seconds(1);
constexpr Duration kLongestCheck = std::chrono::seconds(60);

std::unique_ptr<CertificateSource> certificate_source(const client::Client& client,
                                                      const runtime::Clock& clock, const Options& options,
                                                      const std::vector<std::string>& names,
                                                      const CertificateTelemetry& telemetry) {
  if (!options.certificate_dir.empty())
    return std::make_unique<CertificateDirectory>(options.certificate_dir, options.register_webhook);
  auto keeper =
      std::make_unique<CertificateKeeper>(client, clock, ObjectKey{options.ns, kWebhookSecret}, names,
                                          Validity{options.ca_validity, options.certificate_validity});
  keeper->on_advance([&telemetry](Stage stage) { telemetry.advanced(stage); });
  return keeper;
}

UpkeepConfig upkeep_config(const Options& options, const adapters::Table& table) {
  UpkeepConfig config;
  config.registration = registration_options(options, table);
  config.register_webhook = options.register_webhook;
  config.await_registration = options.await_registration;
  config.settle = options.certificate_settle;
  config.check = std::clamp(options.certificate_validity / 50, Duration(100), kLongestCheck);
  return config;
}

void keep_certificates(Upkeep& upkeep, const cluster::ClusterFacts& facts, const std::stop_token& stop) {
  bool was_ready = false;
  while (!stop.stop_requested()) {
    Duration wait = upkeep.step();
    if (facts.ready() && !std::exchange(was_ready, true)) daemon::give_back();  // what reading needed
    for (; wait.count() > 0 && !stop.stop_requested(); wait -= kFileCheck) {
      runtime::wait_for(stop, std::min(wait, kFileCheck));
      if (upkeep.has_news()) break;
    }
  }
}

constexpr std::chrono::milliseconds kAccessReviewLimit(3'000);

// Who may read the metrics is the API server's to say.
daemon::AccessReviews access_reviews(http::Transport& transport) {
  return {[&transport](const std::string& token) {
            return client::review_token(transport, token, kAccessReviewLimit);
          },
          [&transport](const http::Requester& requester) {
            return client::review_access(transport, requester, daemon::kMetricsPath, "get",
                                         kAccessReviewLimit);
          }};
}

}  // namespace

int run(const Options& options) {
  daemon::few_arenas();
  daemon::keep_for_requests();
  const Log log(options.program.log_format, options.program.log_level);
  const auto table = read_adapters(options.adapters_file);
  if (!table.ok()) return give_up(log, "Reading the adapters", table.error());
  auto signals = daemon::Signals::install();
  if (!signals.ok()) return give_up(log, "Installing signal handlers", signals.error());
  const auto access = client::find_access(client::system_environment(), options.program.kubeconfig);
  if (!access.ok()) return give_up(log, "Finding the cluster", access.error());
  auto transport = client::make_transport(*access, std::string("berth-webhook/") + kVersion);
  if (!transport.ok()) return give_up(log, "Connecting to the cluster", transport.error());

  daemon::Metrics metrics;
  client::Client::Config client_config;
  client_config.field_manager = kWebhookManager;
  const std::string host = access->host + ":" + std::to_string(access->port);
  client_config.observer = [&metrics, host](const client::RequestReport& report) {
    daemon::count_request(metrics, host, std::string(report.verb), report.status, seconds(report.elapsed));
  };
  const client::Client client(**transport, client_config);
  const runtime::SystemClock clock;

  cluster::ClusterFacts facts(client, clock, *table,
                              [&log](const std::string& resource, const Error& error, Duration wait) {
                                daemon::log_error(log, LogLevel::kWarn, "Watch interrupted", error,
                                                  {{"resource", resource}, {"again_in_ms", wait.count()}});
                              });
  daemon::export_watches(metrics, [&facts] { return facts.silences(); });
  const Reviewer reviewer(facts, *table, clock, metrics, log);
  http::ServerOptions listen = daemon::listening_on(options.listen);
  listen.threads = options.threads;
  auto server = http::Server::start(
      listen, [&](const http::ServerRequest& request) { return reviewer.answer(request); });
  if (!server.ok()) return give_up(log, "Listening for reviews", server.error());
  daemon::export_server_stats(metrics, "webhook", [&server] { return (*server)->stats(); });
  const CertificateTelemetry certificates(metrics, log);
  const UpkeepConfig upkeep_options = upkeep_config(options, *table);
  Upkeep upkeep(
      client, clock, upkeep_options,
      certificate_source(client, clock, options, certificate_names(upkeep_options.registration),
                         certificates),
      {.ready_to_register = [&] { return facts.ready(); },
       .serve = [&](const http::KeyPair& pair) { return (*server)->set_certificate(pair); },
       .registered =
           [&](std::string_view how) {
             log.info("Registered", {{"name", kWebhookConfiguration}, {"how", how}});
           },
       .deleted =
           [&] {
             log.warn(
                 "The webhook configuration was deleted: nothing is judged until a restart registers it "
                 "again",
                 {{"name", kWebhookConfiguration}});
           },
       .standing = [&](bool stands) { certificates.registered(stands); },
       .serving = [&](const OfferedCertificate& offered) { certificates.serving(offered); },
       .failed = [&](const char* doing, const Error& error) { certificates.failed(doing, error); }});

  const bool guarded = options.program.metrics_listen.has_value();
  daemon::Health health(guarded ? nullptr : &metrics);
  health.add_readiness("cluster-read", [&]() -> std::optional<std::string> {
    const std::string missing = facts.missing();
    if (missing.empty()) return std::nullopt;
    return "not listed yet: " + missing;
  });
  health.add_readiness("certificate", [&] { return upkeep.problem(); });
  const auto health_server = daemon::serve_health(options.program.health_listen, health);
  if (!health_server.ok()) return give_up(log, "Listening for health checks", health_server.error());
  std::unique_ptr<daemon::GuardedMetrics> guarded_metrics;
  if (guarded) {
    auto started = daemon::GuardedMetrics::start(
        {*options.program.metrics_listen, options.program.metrics_certificate_dir}, metrics,
        access_reviews(**transport), log);
    if (!started.ok()) return give_up(log, "Listening for metrics", started.error());
    guarded_metrics = *std::move(started);
  }
  log.info("Started", {{"version", kVersion},
                       {"cluster", access->source},
                       {"port", int{(*server)->port()}},
                       {"health_port", int{(*health_server)->port()}}});

  Auditor auditor(audited(facts), client, clock, audit_config(options), metrics, log);
  facts.on_touched([&](std::string_view ns) { auditor.touched(ns); });
  facts.start();
  Lookout lookout(client, *table, metrics, log);
  std::jthread lookout_thread([&](const std::stop_token& stop) {
    do {
      lookout.look();
    } while (runtime::wait_for(stop, kDiscovery));
  });
  std::jthread audit_thread;
  if (options.audit) audit_thread = std::jthread([&](const std::stop_token& stop) { auditor.run(stop); });
  std::jthread upkeep_thread([&](const std::stop_token& stop) { keep_certificates(upkeep, facts, stop); });

  (*signals)->wait();
  log.info("Stopping");
  health.set_draining();
  const bool clean = (*server)->drain(options.drain_delay, kDrainLimit);
  upkeep_thread.request_stop();
  upkeep_thread.join();
  lookout_thread.request_stop();
  lookout_thread.join();
  audit_thread.request_stop();
  if (audit_thread.joinable()) audit_thread.join();
  facts.stop();
  log.info("Stopped", {{"clean", clean}});
  return 0;
}

}  // namespace berth::webhook
