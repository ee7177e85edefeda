#include "core/exposure/fingerprints.h"

#include <algorithm>
#include <array>

namespace berth::exposure {
namespace {

// Official images and what else is widely used, with the port of their documentation.
constexpr std::array kFingerprints = {
    Fingerprint{"postgres", 5432},       Fingerprint{"postgresql", 5432},
    Fingerprint{"timescaledb", 5432},    Fingerprint{"postgis", 5432},
    Fingerprint{"mongo", 27017},         Fingerprint{"mongodb", 27017},
    Fingerprint{"mysql", 3306},          Fingerprint{"mariadb", 3306},
    Fingerprint{"percona-server", 3306}, Fingerprint{"redis", 6379},
    Fingerprint{"valkey", 6379},         Fingerprint{"memcached", 11211},
    Fingerprint{"rabbitmq", 5672},       Fingerprint{"nats", 4222},
    Fingerprint{"kafka", 9092},          Fingerprint{"zookeeper", 2181},
    Fingerprint{"etcd", 2379},           Fingerprint{"consul", 8500},
    Fingerprint{"vault", 8200},          Fingerprint{"elasticsearch", 9200},
    Fingerprint{"opensearch", 9200},     Fingerprint{"cassandra", 9042},
    Fingerprint{"influxdb", 8086},       Fingerprint{"clickhouse-server", 9000},
    Fingerprint{"minio", 9000},
};

// Tunnels and relays, each with its client's official image.
constexpr std::array<std::string_view, 9> kTunnels = {
    "cloudflared", "ngrok", "frpc", "inlets", "inlets-client", "tailscale", "chisel", "bore", "localtunnel"};

// The last part of its name, without tag and digest.
std::string_view base_name(std::string_view image) {
  image = image.substr(0, image.find('@'));
  if (const auto slash = image.rfind('/'); slash != std::string_view::npos) image.remove_prefix(slash + 1);
  return image.substr(0, image.find(':'));
}

bool declares(const Container& container, std::int64_t number) {
  return std::any_of(container.ports.begin(), container.ports.end(), [&](const ContainerPort& port) {
    return port.container_port == number && port.protocol == Protocol::kTcp;
  });
}

}  // namespace

std::optional<Fingerprint> fingerprint_of_image(std::string_view image) {
  const std::string_view name = base_name(image);
  const auto found = std::find_if(kFingerprints.begin(), kFingerprints.end(),
                                  [&](const Fingerprint& one) { return one.image == name; });
  if (found == kFingerprints.end()) return std::nullopt;
  return *found;
}

std::string_view tunnel_of_image(std::string_view image) {
  const auto found = std::find(kTunnels.begin(), kTunnels.end(), base_name(image));
  return found == kTunnels.end() ? std::string_view() : *found;
}

std::optional<Fingerprint> moved_service(const WayOut& way) {
  if (way.workload == nullptr || way.protocol != Protocol::kTcp || way.container_port == 0)
    return std::nullopt;
  for (const Container& container : way.workload->pod.containers) {
    if (!way.container.empty() && container.name != way.container) continue;
    const auto found = fingerprint_of_image(container.image);
    if (!found || found->usual_port == way.container_port || declares(container, found->usual_port)) continue;
    return found;
  }
  return std::nullopt;
}

}  // namespace berth::exposure
