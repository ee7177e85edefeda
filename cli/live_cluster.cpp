#include "cli/live_cluster.h"

#include <utility>

#include "cluster/cluster_facts.h"
#include "core/base/version.h"
#include "kube/client/access.h"
#include "kube/client/client.h"
#include "kube/client/connect.h"
#include "kube/runtime/clock.h"

namespace berth::cli {

Result<LiveCluster> look_at_cluster(const ClusterChoice& choice, const adapters::Table& table) {
  TRY(const client::ClusterAccess access,
      client::find_access(client::interactive_environment(), choice.kubeconfig, choice.context));
  TRY(const auto transport, client::make_transport(access, std::string("berth/") + kVersion));
  const client::Client client(*transport, {.field_manager = "berth-cli"});
  const runtime::SystemClock clock;
  LiveCluster live;
  live.ns = access.ns;
  cluster::ClusterFacts facts(client, clock, table, {});
  auto picture = facts.look_once();
  if (!picture.ok()) {
    Error error = picture.error();
    error.message += " (" + access.source + ")";
    return error;
  }
  live.picture = std::move(*picture);
  return live;
}

}  // namespace berth::cli
