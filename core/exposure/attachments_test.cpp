// What is judged of the ways through them is shown with the catalogue
// (admission_catalogue_gateways_test.cpp).
#include "core/exposure/attachments.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/exposure/testing/gateways.h"
#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using testing::gateway;
using testing::listener;
using testing::parent;
using testing::route;
using testing::route_backend;
using testing::World;

// The listeners that take the route, "443 9000"; "?" for what is not known.
std::string taken_by(const World& world, const Route& made) {
  std::string text;
  const Entrance entrance = entrance_of(made);
  for (const Attachment& attached : attachments_of(entrance, world)) {
    text += (text.empty() ? "" : " ") +
            (attached.listener == nullptr ? std::string("?") : std::to_string(attached.listener->port));
  }
  return text;
}

TEST(Attachments, AnIngressStandsByItself) {
  const Entrance ingress = testing::ingress({testing::backend("web", 80)});
  const auto attached = attachments_of(ingress, World());
  ASSERT_EQ(attached.size(), 1U);
  EXPECT_EQ(attached.front().parent, nullptr);
}

TEST(Attachments, ARouteIsTakenByListenersOfItsProtocol) {
  World world;
  world.add(gateway({listener(80, "HTTP"), listener(443, "HTTPS"), listener(8443, "TLS"),
                     listener(9000, "TCP"), listener(53, "UDP"), listener(7, "example.org/own")}));
  const auto of_kind = [&](const char* kind) { return taken_by(world, route({}, kind)); };
  EXPECT_EQ(of_kind("HTTPRoute"), "80 443 7");
  EXPECT_EQ(of_kind("GRPCRoute"), "80 443 7");
  EXPECT_EQ(of_kind("TLSRoute"), "8443 7");
  EXPECT_EQ(of_kind("TCPRoute"), "8443 9000 7");
  EXPECT_EQ(of_kind("UDPRoute"), "53 7");
}

TEST(Attachments, AListenerMayNameTheKindsItTakes) {
  GatewayListener only = listener(443, "HTTPS");
  only.route_kinds = {"GRPCRoute"};
  World world;
  world.add(gateway({only}));
  EXPECT_EQ(taken_by(world, route({})), "");
  EXPECT_EQ(taken_by(world, route({}, "GRPCRoute")), "443");
}

TEST(Attachments, ARouteMayNameItsListenerByNameOrByNumber) {
  World world;
  world.add(gateway({listener(443, "HTTPS"), listener(8444, "HTTPS")}));
  Route made = route({});
  made.parents[0].section_name = "l8444";
  EXPECT_EQ(taken_by(world, made), "8444");
  made.parents[0].section_name.clear();
  made.parents[0].port = 443;
  EXPECT_EQ(taken_by(world, made), "443");
}

TEST(Attachments, ListenersSayWhoseRoutesTheyTake) {
  World world;
  GatewayListener selected = listener(3, "HTTP", "Selector");
  selected.routes_selector.match_labels = {{"tier", "edge"}};
  world.add(gateway({listener(1, "HTTP", "All"), listener(2, "HTTP", "Same"), selected,
                     listener(4, "HTTP", "None"), listener(5, "HTTP", "")}));
  EXPECT_EQ(taken_by(world, route({})), "1 3") << "labels that are not known keep nobody out";
  world.label_namespace("data", {});
  EXPECT_EQ(taken_by(world, route({})), "1");
  world.label_namespace("data", {{"tier", "edge"}});
  EXPECT_EQ(taken_by(world, route({})), "1 3");
  Route own = route({});
  own.meta.ns = "infra";
  world.label_namespace("infra", {});
  EXPECT_EQ(taken_by(world, own), "1 2 5");
}

TEST(Attachments, AGatewayThatIsNotThereAttachesAtANumberThatIsNotKnown) {
  EXPECT_EQ(taken_by(World(), route({})), "?");
}

TEST(Attachments, AParentOfAnotherApiIsNotKnownUnlessItBelongsToAMesh) {
  Route made = route({});
  made.parents[0].group = "example.org";
  made.parents[0].kind = "Thing";
  EXPECT_EQ(taken_by(World(), made), "?");
  made.parents[0].kind = "ServiceEntry";
  EXPECT_EQ(taken_by(World(), made), "");
}

TEST(Attachments, HostsMeetWhereOneTakesInTheOther) {
  GatewayListener at = listener(443, "HTTPS");
  using Hosts = std::vector<std::string>;
  EXPECT_EQ(hosts_at(at, {""}), Hosts{""});
  at.hostname = "*.example.org";
  EXPECT_EQ(hosts_at(at, {""}), Hosts{"*.example.org"});
  EXPECT_EQ(hosts_at(at, {"a.example.org", "example.org", "a.b.example.org", "a.example.net"}),
            (Hosts{"a.example.org", "a.b.example.org"}));
  at.hostname = "a.example.org";
  EXPECT_EQ(hosts_at(at, {"*.example.org"}), Hosts{"a.example.org"});
  EXPECT_EQ(hosts_at(at, {"b.example.org"}), Hosts{});
}

}  // namespace
}  // namespace berth::exposure
