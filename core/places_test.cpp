// Network domains: on which networks a port may be shown (shownOn).
#include "core/exposure/places.h"

#include <gtest/gtest.h>
#include <string>

#include "core/catalogue_for_test.h"

namespace berth::exposure {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using berth::testing::create;
using berth::testing::update;

// 443 is for the management network, 500/UDP for the transport network.
ExposurePolicy domains(bool nodes_on_management = false) {
  ExposurePolicy policy;
  policy.meta.name = "domains";
  policy.spec.networks = {
      {.name = "management",
       .cidrs = {"10.20.0.0/16"},
       .load_balancer_classes = {"example.org/mgmt"},
       .node_addresses = nodes_on_management},
      {.name = "transport", .cidrs = {"198.51.100.0/24"}, .load_balancer_classes = {"example.org/ct"}},
  };
  policy.spec.external = {{.port = 443, .purpose = "UI", .shown_on = {"management"}},
                          {.port = 500, .protocol = Protocol::kUdp, .shown_on = {"transport"}},
                          {.port = 80}};
  return policy;
}

Service balancer(std::string load_balancer_class, std::string ip = "", std::int64_t number = 443) {
  Service made = service("LoadBalancer", {port(number, number_of(number))});
  made.load_balancer_class = std::move(load_balancer_class);
  made.load_balancer_ip = std::move(ip);
  made.allocate_load_balancer_node_ports = false;
  return made;
}

Verdict judged(Judged object, const ExposurePolicy& policy = domains()) {
  World world(policy);
  return create(world, std::move(object));
}

TEST(Places, LetALoadBalancerBeShownByItsClassOrItsAddress) {
  EXPECT_EQ(judged(balancer("example.org/mgmt")).decision, Decision::kAllow);
  EXPECT_EQ(judged(balancer("", "10.20.3.4")).decision, Decision::kAllow);
  EXPECT_EQ(judged(balancer("example.org/mgmt", "10.20.3.4")).decision, Decision::kAllow);
  Service annotated = balancer("");
  annotated.meta.annotations["metallb.io/loadBalancerIPs"] = "10.20.3.4, 10.20.3.5";
  EXPECT_EQ(judged(annotated).decision, Decision::kAllow);
}

TEST(Places, RefuseALoadBalancerOfAnotherNetworkAndOneThatDoesNotSay) {
  const Verdict other = judged(balancer("example.org/ct"));
  ASSERT_EQ(other.decision, Decision::kDeny);
  EXPECT_EQ(other.findings.front().rule, "other-network");
  EXPECT_EQ(other.findings.front().message,
            "port 443 (UI) is to be shown on network management only by ExposurePolicy domains, and this way "
            "is shown "
            "on load balancer class example.org/ct");
  EXPECT_EQ(other.findings.front().fix,
            "ask for load balancer class example.org/mgmt or an address of 10.20.0.0/16 and "
            "allocateLoadBalancerNodePorts: false");
  for (const Service& wrong : {balancer(""), balancer("example.org/unheard-of"), balancer("", "198.51.100.7"),
                               balancer("example.org/mgmt", "198.51.100.7"),
                               balancer("example.org/ct", "10.20.3.4"), balancer("", "not an address")}) {
    EXPECT_EQ(judged(wrong).decision, Decision::kDeny) << wrong.load_balancer_class << wrong.load_balancer_ip;
  }
  Service half = balancer("");
  half.meta.annotations["metallb.io/loadBalancerIPs"] = "10.20.3.4,198.51.100.7";
  EXPECT_EQ(judged(half).decision, Decision::kDeny);
}

TEST(Places, RefuseNodePortsWhereTheNodesAreOnAnotherNetwork) {
  const Service open = service("NodePort", {node_port(30443, 443, number_of(443))});
  EXPECT_EQ(judged(open).decision, Decision::kDeny) << "nobody says where the nodes are";
  EXPECT_EQ(judged(open, domains(true)).decision, Decision::kAllow);
  ExposurePolicy both = domains(true);
  both.spec.networks[1].node_addresses = true;
  EXPECT_EQ(judged(open, both).decision, Decision::kDeny) << "they are on both";
  Service hidden = balancer("example.org/mgmt");
  hidden.allocate_load_balancer_node_ports = true;
  EXPECT_EQ(judged(hidden).decision, Decision::kDeny) << "its hidden node port is shown elsewhere, too";
}

TEST(Places, JudgeExternalIpsAndHostPortsByTheirAddresses) {
  Service by_ip = service("ClusterIP", {port(443, number_of(443))});
  by_ip.external_ips = {"10.20.0.9"};
  EXPECT_EQ(judged(by_ip).decision, Decision::kAllow);
  by_ip.external_ips = {"10.20.0.9", "198.51.100.9"};
  EXPECT_EQ(judged(by_ip).decision, Decision::kDeny);
  EXPECT_EQ(judged(deployment({host_port(443, 443, "10.20.0.9")})).decision, Decision::kAllow);
  EXPECT_EQ(judged(deployment({host_port(443, 443, "198.51.100.9")})).decision, Decision::kDeny);
  EXPECT_EQ(judged(deployment({host_port(443, 443)})).decision, Decision::kDeny);
  EXPECT_EQ(judged(deployment({host_port(443, 443)}), domains(true)).decision, Decision::kAllow);
}

TEST(Places, DoNotKnowWhereAControllerShowsAnIngress) {
  World world(domains());
  world.add(service("ClusterIP", {port(443, number_of(443))}));
  world.add(deployment({container_port(443)}));
  const Entrance front = ingress({backend("web", 443)});
  EXPECT_EQ(create(world, front).decision, Decision::kUnknown);
  ExposurePolicy strict = domains();
  strict.spec.unknown = "Deny";
  World strictly(strict);
  strictly.add(service("ClusterIP", {port(443, number_of(443))}));
  strictly.add(deployment({container_port(443)}));
  EXPECT_EQ(create(strictly, front).decision, Decision::kDeny);
}

TEST(Places, BindNobodyWhoseNumberSaysNothing) {
  EXPECT_EQ(judged(balancer("example.org/ct", "", 80)).decision, Decision::kAllow);
}

TEST(Places, TakeAMoveToAnotherAddressForANewWay) {
  World world(domains());
  EXPECT_EQ(update(world, balancer("", "10.20.3.4"), balancer("", "198.51.100.7")).decision, Decision::kDeny);
  EXPECT_EQ(update(world, balancer("", "10.20.3.4"), balancer("")).decision, Decision::kDeny);
  EXPECT_EQ(update(world, balancer("", "198.51.100.7"), balancer("", "198.51.100.7")).decision,
            Decision::kAllow)
      << "it stood there before";
}

TEST(Places, LetAnExceptionOut) {
  ExposurePolicy excepting = domains();
  excepting.spec.exceptions = {berth::testing::exception_for(443)};
  World world(excepting);
  world.add(deployment({container_port(443)}));
  EXPECT_EQ(create(world, balancer("example.org/ct")).decision, Decision::kAllow);
}

}  // namespace
}  // namespace berth::exposure
