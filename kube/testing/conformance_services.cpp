// Conformance checks on Services: who gets which nodePort.
#include <algorithm>

#include "kube/testing/conformance_kit.h"
#include "kube/wire/status.h"

namespace berth::testing {
namespace {

const wire::Kind& kind() { return wire::kService; }

Status expect_refused(const Result<Service>& result, wire::NodePortRefusal::Why why,
                      const std::string& what) {
  TRY_DONE(expect_code(result, Code::kInvalid, what));
  const auto refusal = wire::node_port_refusal(result.error());
  if (!refusal) return malformed(what + ": the error names no nodePort: " + result.error().message);
  return expect(refusal->why == why && refusal->index == 0, what + ": the right reason and port");
}

Status taken_numbers_are_refused(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "holder");
  kit.clear<Service>(kind(), "other");
  const Service holder = kit.service("holder", {make_service_port(80, {}, kit.number(0))});
  TRY(const Service held, kit.client().create(kind(), holder));
  const auto other =
      kit.client().create(kind(), kit.service("other", {make_service_port(80, {}, kit.number(0))}));
  const auto same_name = kit.client().create(kind(), holder);
  const auto same_name_free =
      kit.client().create(kind(), kit.service("holder", {make_service_port(80, {}, kit.number(1))}));
  const auto not_leaked =
      kit.client().create(kind(), kit.service("other", {make_service_port(80, {}, kit.number(1))}));
  kit.clear<Service>(kind(), "holder");
  const auto freed = kit.client().create(kind(), holder);
  kit.clear<Service>(kind(), "holder");
  kit.clear<Service>(kind(), "other");
  TRY_DONE(expect(held.ports[0].node_port == kit.number(0), "the number asked for"));
  TRY_DONE(expect_refused(other, wire::NodePortRefusal::Why::kTaken, "a taken number"));
  TRY_DONE(expect_refused(same_name, wire::NodePortRefusal::Why::kTaken, "our own name and number again"));
  TRY_DONE(expect_code(same_name_free, Code::kExists, "our own name with a free number"));
  TRY_DONE(expect(not_leaked.ok(), "a refused create to leave its number free"));
  return expect(freed.ok(), "a number to be free at once after a delete");
}

Status numbers_outside_are_refused(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "outside");
  const auto outside = kit.client().create(
      kind(), kit.service("outside", {make_service_port(80, {}, setting.node_port_high + 1)}));
  kit.clear<Service>(kind(), "outside");
  return expect_refused(outside, wire::NodePortRefusal::Why::kOutOfRange, "a number outside the range");
}

Status numbers_on_cluster_ip_are_refused(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "clusterip");
  const auto made = kit.client().create(
      kind(), kit.service("clusterip", {make_service_port(80, {}, kit.number(2))}, "ClusterIP"));
  kit.clear<Service>(kind(), "clusterip");
  return expect_code(made, Code::kInvalid, "a nodePort on a ClusterIP Service");
}

Status protocols_share_in_one_service(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "both");
  kit.clear<Service>(kind(), "udp");
  const auto both = kit.client().create(
      kind(), kit.service("both", {make_service_port(53, {}, kit.number(3), "tcp"),
                                   make_service_port(53, {}, kit.number(3), "udp", Protocol::kUdp)}));
  const auto elsewhere = kit.client().create(
      kind(), kit.service("udp", {make_service_port(53, {}, kit.number(3), "udp", Protocol::kUdp)}));
  kit.clear<Service>(kind(), "both");
  kit.clear<Service>(kind(), "udp");
  TRY_DONE(expect(both.ok(), "TCP and UDP on one number in one Service"));
  return expect_refused(elsewhere, wire::NodePortRefusal::Why::kTaken, "the other protocol elsewhere");
}

Status automatic_numbers_stay(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "auto");
  TRY(const Service made, kit.client().create(kind(), kit.service("auto", {make_service_port(80)})));
  const std::int64_t number = made.ports[0].node_port;
  Service next = made;
  next.ports[0].node_port = 0;
  next.meta.labels["a"] = "b";
  TRY(const Service kept, kit.client().replace(kind(), next));
  Service inside = kept;
  inside.type = "ClusterIP";
  TRY(const Service dropped, kit.client().replace(kind(), inside));
  kit.clear<Service>(kind(), "auto");
  TRY_DONE(
      expect(number >= setting.node_port_low && number <= setting.node_port_high, "a number of the range"));
  TRY_DONE(expect(made.ports[0].target_port == TargetPort(std::int64_t{80}), "targetPort as the port"));
  TRY_DONE(expect(!made.cluster_ip.empty() && kept.cluster_ip == made.cluster_ip, "a cluster IP that stays"));
  TRY_DONE(expect(kept.ports[0].node_port == number, "a PUT without the number to keep it"));
  return expect(dropped.ports[0].node_port == 0, "ClusterIP with the old number to drop it");
}

Status digits_are_no_port_name(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "digits");
  const auto made = kit.client().create(
      kind(), kit.service("digits", {make_service_port(80, std::string("5432"))}, "ClusterIP"));
  kit.clear<Service>(kind(), "digits");
  return expect_code(made, Code::kInvalid, "a targetPort name of digits only");
}

Status numbers_can_be_swapped(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "swap");
  TRY(const Service made,
      kit.client().create(kind(), kit.service("swap", {make_service_port(80, {}, kit.number(4), "a"),
                                                       make_service_port(81, {}, kit.number(5), "b")})));
  Service next = made;
  std::swap(next.ports[0].node_port, next.ports[1].node_port);
  const auto swapped = kit.client().replace(kind(), next);
  kit.clear<Service>(kind(), "swap");
  TRY_DONE(expect(swapped.ok(), "a PUT that swaps two numbers"));
  return expect(swapped->ports[0].node_port == kit.number(5), "the numbers swapped");
}

Status held_services_hold_their_numbers(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "final");
  kit.clear<Service>(kind(), "next");
  Service wanted = kit.service("final", {make_service_port(80, {}, kit.number(6))});
  wanted.meta.finalizers = {"berth.dev/conformance"};
  TRY(const Service made, kit.client().create(kind(), wanted));
  TRY(const auto left, kit.client().remove<Service>(kind(), made.meta.key(), {.uid = made.meta.uid}));
  const auto next =
      kit.client().create(kind(), kit.service("next", {make_service_port(80, {}, kit.number(6))}));
  kit.clear<Service>(kind(), "final");
  kit.clear<Service>(kind(), "next");
  TRY_DONE(expect(left.has_value(), "the Service to stand while its finalizer does"));
  return expect_refused(next, wire::NodePortRefusal::Why::kTaken, "the number of a Service that is held");
}

}  // namespace

std::vector<ConformanceCheck> service_checks() {
  return {
      {"a taken nodePort is refused, even our own, and free after a delete", taken_numbers_are_refused},
      {"a nodePort outside the range is refused", numbers_outside_are_refused},
      {"a nodePort on a ClusterIP Service is refused", numbers_on_cluster_ip_are_refused},
      {"TCP and UDP share a nodePort in one Service only", protocols_share_in_one_service},
      {"an automatic nodePort stays until the type changes", automatic_numbers_stay},
      {"a targetPort of digits in quotes is refused", digits_are_no_port_name},
      {"two nodePorts of one Service can be swapped", numbers_can_be_swapped},
      {"a Service that is held by a finalizer holds its nodePort", held_services_hold_their_numbers},
  };
}

}  // namespace berth::testing
