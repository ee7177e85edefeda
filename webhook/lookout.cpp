#include "webhook/lookout.h"

#include "webhook/unwatched_kinds.h"

namespace berth::webhook {
namespace {

constexpr char kUnwatched[] = "berth_unwatched_exposing_kinds";
constexpr char kHelp[] = "Kinds that may lead out of the cluster by their names, and that no adapter reads.";

}  // namespace

Lookout::Lookout(const client::Client& client, const adapters::Table& table, daemon::Metrics& metrics,
                 const daemon::Log& log)
    : client_(&client), table_(&table), metrics_(&metrics), log_(log) {}

void Lookout::look() {
  const auto served = client_->served_kinds();
  if (!served.ok()) {
    daemon::log_error(log_, daemon::LogLevel::kInfo, "Kinds not compared with the adapters", served.error());
    return;
  }
  std::set<GroupAndKind> found;
  for (const wire::Kind& kind : unwatched_kinds(*served, *table_)) found.emplace(kind.group, kind.kind);
  for (const GroupAndKind& kind : found) {
    if (!told_.contains(kind)) tell(kind);
  }
  for (const auto& [group, kind] : told_) {
    if (!found.contains({group, kind}))
      metrics_->remove_gauge(kUnwatched, {{"group", group}, {"kind", kind}});
  }
  told_ = std::move(found);
}

void Lookout::tell(const GroupAndKind& kind) {
  metrics_->gauge(kUnwatched, kHelp, {{"group", kind.first}, {"kind", kind.second}}).set(1);
  log_.warn(
      "A kind may lead out of the cluster and is not judged: give it an adapter (docs/reference/adapters.md)",
      {{"group", kind.first}, {"kind", kind.second}});
}

}  // namespace berth::webhook
