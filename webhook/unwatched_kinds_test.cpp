#include "webhook/unwatched_kinds.h"

#include <gtest/gtest.h>
#include <string>

namespace berth::webhook {
namespace {

std::vector<std::string> unwatched(const std::vector<std::pair<std::string, std::string>>& served) {
  std::vector<wire::Kind> kinds;
  for (const auto& [group, kind] : served) kinds.push_back({group, "v1", "", kind, true});
  std::vector<std::string> found;
  for (const wire::Kind& kind : unwatched_kinds(kinds, adapters::builtin())) {
    found.push_back(kind.kind + "." + kind.group);
  }
  return found;
}

TEST(UnwatchedKinds, AreThoseThatSoundLikeAWayIn) {
  EXPECT_EQ(unwatched({{"edge.example.org", "SideDoorRoute"},
                       {"ngrok.k8s.ngrok.com", "CloudEndpoint"},
                       {"ingress.v1.haproxy.com", "TCP"},
                       {"networking.cfargotunnel.com", "TunnelRoute"},
                       {"gloo.solo.io", "Proxy"},
                       {"example.org", "Database"}}),
            (std::vector<std::string>{"SideDoorRoute.edge.example.org",
                                      "TunnelRoute.networking.cfargotunnel.com", "Proxy.gloo.solo.io"}));
}

TEST(UnwatchedKinds, AreNotThoseThatTheTableOrTheCodeReads) {
  EXPECT_EQ(unwatched({{"traefik.io", "IngressRouteTCP"},
                       {"networking.istio.io", "Gateway"},
                       {"gateway.networking.k8s.io", "TCPRoute"},
                       {"networking.k8s.io", "Ingress"},
                       {"apps", "Deployment"}}),
            std::vector<std::string>{});
}

TEST(UnwatchedKinds, AreNotThoseThatOnlyStandBeside) {
  EXPECT_EQ(unwatched({{"example.org", "GatewayClass"},
                       {"gateway.envoyproxy.io", "BackendTrafficPolicy"},
                       {"gateway.envoyproxy.io", "EnvoyProxyConfig"},
                       {"example.org", "RouteFilter"}}),
            std::vector<std::string>{});
}

}  // namespace
}  // namespace berth::webhook
