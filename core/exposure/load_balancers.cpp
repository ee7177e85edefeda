#include "core/exposure/load_balancers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

namespace berth::exposure {
namespace {

using Sign = LoadBalancerSign;
using Meaning = Sign::Meaning;

constexpr std::array kSigns = {
    // AWS: cloud-provider-aws and the load balancer controller; the scheme is the newer and stronger word.
    Sign{"service.beta.kubernetes.io/aws-load-balancer-internal", "true", Meaning::kInternal},
    Sign{"service.beta.kubernetes.io/aws-load-balancer-scheme", "internal", Meaning::kInternal},
    Sign{"service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing", Meaning::kPublic},
    // Azure.
    Sign{"service.beta.kubernetes.io/azure-load-balancer-internal", "true", Meaning::kInternal},
    // Google: the first is current, the second its predecessor.
    Sign{"networking.gke.io/load-balancer-type", "internal", Meaning::kInternal},
    Sign{"networking.gke.io/load-balancer-type", "external", Meaning::kPublic},
    Sign{"cloud.google.com/load-balancer-type", "internal", Meaning::kInternal},
    // OpenStack.
    Sign{"service.beta.kubernetes.io/openstack-internal-load-balancer", "true", Meaning::kInternal},
    Sign{"service.beta.kubernetes.io/openstack-internal-load-balancer", "false", Meaning::kPublic},
    // Oracle: flexible and network load balancers.
    Sign{"service.beta.kubernetes.io/oci-load-balancer-internal", "true", Meaning::kInternal},
    Sign{"oci-network-load-balancer.oraclecloud.com/internal", "true", Meaning::kInternal},
    // Alibaba.
    Sign{"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet",
         Meaning::kInternal},
    Sign{"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "internet", Meaning::kPublic},
    // Tencent: names the private subnet.
    Sign{"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "*", Meaning::kInternal},
    // IBM.
    Sign{"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private", Meaning::kInternal},
    Sign{"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "public", Meaning::kPublic},
    // DigitalOcean.
    Sign{"service.beta.kubernetes.io/do-loadbalancer-network", "internal", Meaning::kInternal},
    Sign{"service.beta.kubernetes.io/do-loadbalancer-network", "external", Meaning::kPublic},
    // Scaleway.
    Sign{"service.beta.kubernetes.io/scw-loadbalancer-private", "true", Meaning::kInternal},
    // Hetzner.
    Sign{"load-balancer.hetzner.cloud/disable-public-network", "true", Meaning::kInternal},
};

constexpr std::array<std::string_view, 1> kInternalClasses = {"networking.gke.io/l4-regional-internal"};
constexpr std::array<std::string_view, 2> kPublicClasses = {"networking.gke.io/l4-regional-external",
                                                            "tailscale"};

bool same_text(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

bool shows(const Labels& annotations, const Sign& sign) {
  const auto annotation = annotations.find(std::string(sign.annotation));
  if (annotation == annotations.end()) return false;
  return sign.value == "*" ? !annotation->second.empty() : same_text(annotation->second, sign.value);
}

template <class List>
bool lists(const List& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Public wins over internal; nullopt: they say nothing of it.
std::optional<Meaning> meaning_of(const Labels& annotations) {
  std::optional<Meaning> meaning;
  if (annotations.empty()) return meaning;
  for (const Sign& sign : kSigns) {
    if (!shows(annotations, sign)) continue;
    if (sign.meaning == Meaning::kPublic) return Meaning::kPublic;
    meaning = Meaning::kInternal;
  }
  return meaning;
}

}  // namespace

std::span<const LoadBalancerSign> load_balancer_signs() { return kSigns; }
std::span<const std::string_view> internal_load_balancer_classes() { return kInternalClasses; }
std::span<const std::string_view> public_load_balancer_classes() { return kPublicClasses; }

bool is_internal_load_balancer(const Service& service) {
  if (lists(kPublicClasses, service.load_balancer_class)) return false;
  const bool by_class = lists(kInternalClasses, service.load_balancer_class);
  return meaning_of(service.meta.annotations).value_or(by_class ? Meaning::kInternal : Meaning::kPublic) ==
         Meaning::kInternal;
}

bool says_internal_load_balancer(const Labels& annotations) {
  return meaning_of(annotations) == Meaning::kInternal;
}

bool opens_node_port(const Service& service, const ServicePort& port) {
  return service.allocate_load_balancer_node_ports.value_or(true) || port.node_port != 0;
}

}  // namespace berth::exposure
