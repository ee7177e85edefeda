// The catalogue of bypasses (exposure.md, section 3), rows where an EndpointSlice or Endpoints that somebody
// wrote by hand decide where a Service leads.
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/base/api_names.h"
#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::CatalogueRow;
using testing::create;
using testing::expect_judgement;
using testing::name_of_row;
using testing::update;

// data/web, which selects nobody and whose targetPort says 8080.
Service open_to_slices(std::string type = "LoadBalancer") {
  Service made = service(std::move(type), {port(443, number_of(8080))});
  made.ports[0].name = "web";
  made.selector.clear();
  return made;
}

// data/web-1 of Service data/web.
EndpointSlice slice(std::vector<std::string> addresses, std::int64_t number, std::string port_name = "web") {
  EndpointSlice made;
  made.kind = "EndpointSlice";
  made.meta = named("web-1");
  made.meta.labels = {{kServiceNameLabel, "web"}};
  made.address_type = "IPv4";
  made.subsets = {{std::move(addresses), {{std::move(port_name), number, Protocol::kTcp}}}};
  return made;
}

EndpointSlice endpoints(std::vector<std::string> addresses, std::int64_t number) {
  EndpointSlice made = slice(std::move(addresses), number);
  made.kind = "Endpoints";
  made.meta = named("web");
  return made;
}

EndpointSlice looks_system_made(EndpointSlice made) {
  made.meta.labels[kEndpointSliceManagerLabel] = kEndpointSliceController;
  return made;
}

// Pod private/pg at 10.0.0.7.
Workload database(std::int64_t number = 5432) {
  Workload made = workload("Pod", "pg", {container_port(number)}, {{"app", "pg"}});
  made.meta.ns = "private";
  made.addresses = {"10.0.0.7"};
  return made;
}

class SliceCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(SliceCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row14_ASliceByHandLeadsAnExposedServiceToTheDatabase",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny,
     "Service data/web (LoadBalancer) port 443 -> targetPort 8080 -> EndpointSlice data/web-1 (10.0.0.7) "
     "port "
     "5432"},
    {"Row14_TheAddressIsThatOfAPodOfAnotherNamespace",
     [](World& w) {
       w.add(open_to_slices());
       w.add(database());
       return create(w, slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "-> EndpointSlice data/web-1 (10.0.0.7) -> Pod private/pg container main port 5432"},
    {"Row14_TheAddressIsWrittenLong",
     [](World& w) {
       Workload pod = database();
       pod.addresses = {"fd00::7"};
       w.add(open_to_slices());
       w.add(pod);
       EndpointSlice made = slice({"FD00:0:0::0007"}, 5432);
       made.address_type = "IPv6";
       return create(w, made);
     },
     Decision::kDeny, "-> Pod private/pg container main port 5432"},
    {"Row14_TheServiceIsOpenedAfterwards",
     [](World& w) {
       w.add(slice({"10.0.0.7"}, 5432));
       w.add(open_to_slices("ClusterIP"));
       return update(w, open_to_slices("ClusterIP"), open_to_slices());
     },
     Decision::kDeny, "EndpointSlice data/web-1 (10.0.0.7) port 5432"},
    {"Row14_AnIngressLeadsToIt",
     [](World& w) {
       w.add(open_to_slices("ClusterIP"));
       w.add(ingress({backend("web", "web")}));
       return create(w, slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "Ingress data/front"},
    {"Row14_TheSliceIsLedElsewhere",
     [](World& w) {
       w.add(open_to_slices());
       w.add(slice({"10.0.0.7"}, 8080));
       return update(w, slice({"10.0.0.7"}, 8080), slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "port 5432"},
    {"Row14_TheSliceIsGivenToAnExposedService",
     [](World& w) {
       EndpointSlice before = slice({"10.0.0.7"}, 5432);
       before.meta.labels = {{kServiceNameLabel, "inside"}};
       Service inside = open_to_slices("ClusterIP");
       inside.meta.name = "inside";
       w.add(open_to_slices());
       w.add(inside);
       w.add(before);
       return update(w, before, slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "port 5432"},
    {"Row14_BesideASelector",
     [](World& w) {
       Service selecting = open_to_slices();
       selecting.selector = {{"app", "web"}};
       w.add(selecting);
       w.add(deployment({container_port(8080)}));
       return create(w, slice({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "port 5432"},
    {"Row14_TheSameNumberToAnotherPort",
     [](World& w) {
       w.add(open_to_slices());
       w.add(slice({"10.0.0.7"}, 8443));
       EndpointSlice more = slice({"10.0.0.7"}, 8443, "admin");
       more.meta.name = "web-2";
       return create(w, more);
     },
     Decision::kAllow},
    {"Row14_LookAlikeAPortThatTheServiceDoesNotHave",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"10.0.0.7"}, 5432, "pg"));
     },
     Decision::kAllow},
    {"Row14_LookAlikeTheServiceIsForTheClusterAlone",
     [](World& w) {
       w.add(open_to_slices("ClusterIP"));
       return create(w, slice({"10.0.0.7"}, 5432));
     },
     Decision::kAllow},
    {"Row14_LookAlikeTheServiceIsNotThere", [](World& w) { return create(w, slice({"10.0.0.7"}, 5432)); },
     Decision::kAllow},
    {"Row14_LookAlikeAWebServer",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"10.0.0.7"}, 8443));
     },
     Decision::kAllow},
    {"Row14_LookAlikeItLedThereAlready",
     [](World& w) {
       w.add(open_to_slices());
       w.add(slice({"10.0.0.7"}, 5432));
       return update(w, slice({"10.0.0.7"}, 5432), slice({"10.0.0.7", "10.0.0.8"}, 5432));
     },
     Decision::kAllow},
    {"Row14_LookAlikeAnotherSliceLedThereAlready",
     [](World& w) {
       w.add(open_to_slices());
       w.add(slice({"10.0.0.7"}, 5432));
       EndpointSlice second = slice({"10.0.0.8"}, 5432);
       second.meta.name = "web-2";
       return create(w, second);
     },
     Decision::kAllow},
    {"Row14_LookAlikeAProgramOnTheSameNode",
     [](World& w) {
       Workload agent = workload("Pod", "agent", {container_port(9100)}, {{"app", "agent"}});
       agent.pod.host_network = true;
       agent.addresses = {"10.0.0.7"};
       w.add(open_to_slices());
       w.add(agent);
       return create(w, slice({"10.0.0.7"}, 8443));
     },
     Decision::kAllow},

    {"Row15_EndpointsByHand",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, endpoints({"10.0.0.7"}, 5432));
     },
     Decision::kDeny, "-> Endpoints data/web (10.0.0.7) port 5432"},
    {"Row15_LookAlikeEndpointsOfAServiceWithASelector",
     [](World& w) {
       Service selecting = open_to_slices();
       selecting.selector = {{"app", "web"}};
       w.add(selecting);
       w.add(deployment({container_port(8080)}));
       return create(w, endpoints({"10.0.0.7"}, 5432));
     },
     Decision::kAllow},

    {"Row16_ALabelMakesNoSystemSlice",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, looks_system_made(slice({"10.0.0.7"}, 5432)));
     },
     Decision::kDeny, "port 5432"},
    {"Row16_NorBesideASelector",
     [](World& w) {
       Service selecting = open_to_slices();
       selecting.selector = {{"app", "web"}};
       w.add(selecting);
       w.add(deployment({container_port(8080)}));
       return create(w, looks_system_made(slice({"10.0.0.7"}, 5432)));
     },
     Decision::kDeny, "port 5432"},
    {"Row16_NorOneThatIsThereAlready",
     [](World& w) {
       w.add(looks_system_made(slice({"10.0.0.7"}, 5432)));
       w.add(open_to_slices("ClusterIP"));
       return update(w, open_to_slices("ClusterIP"), open_to_slices());
     },
     Decision::kDeny, "port 5432"},
    // What the controller follows is judged by the pods, also in the moment after they moved to another port.
    {"Row16_LookAlikeTheSliceThatTheClusterKeeps",
     [](World& w) {
       Service selecting = open_to_slices("ClusterIP");
       selecting.selector = {{"app", "web"}};
       Service opened = selecting;
       opened.type = "LoadBalancer";
       w.add(looks_system_made(slice({"10.0.0.7"}, 5432)));
       w.add(deployment({container_port(8080)}));
       w.add(selecting);
       return update(w, selecting, opened);
     },
     Decision::kAllow},

    {"Row17_ToTheNodeItself",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"127.0.0.1"}, 8443));
     },
     Decision::kDeny, "address 127.0.0.1 (loopback) is no pod's"},
    {"Row17_ToTheMetadataOfTheCloud",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"169.254.169.254"}, 8443));
     },
     Decision::kDeny, "address 169.254.169.254 (link-local) is no pod's"},
    {"Row17_BesideAnHonestAddress",
     [](World& w) {
       w.add(open_to_slices());
       w.add(slice({"10.0.0.7"}, 8443));
       return update(w, slice({"10.0.0.7"}, 8443), slice({"10.0.0.7", "169.254.169.254"}, 8443));
     },
     Decision::kDeny, "address 169.254.169.254 (link-local) is no pod's"},
    {"Row17_ToALinkLocalAddressOfIPv6",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"fe80::1"}, 8443));
     },
     Decision::kDeny, "address fe80::1 (link-local) is no pod's"},
    {"Row17_ByAName",
     [](World& w) {
       w.add(open_to_slices());
       EndpointSlice made = slice({"postgres.private.svc.cluster.local"}, 8443);
       made.address_type = "FQDN";
       return create(w, made);
     },
     Decision::kDeny, "address postgres.private.svc.cluster.local (a name and no address) is no pod's"},
    {"Row17_ToTheKubeletOfANode",
     [](World& w) {
       Service odd = open_to_slices("NodePort");
       odd.ports[0].port = 8888;
       w.add(odd);
       return create(w, slice({"192.168.1.20"}, 10250));
     },
     Decision::kDeny, "port 10250 is not declared as external"},
    {"Row17_LookAlikeAServiceForTheClusterAlone",
     [](World& w) {
       w.add(open_to_slices("ClusterIP"));
       return create(w, slice({"169.254.169.254"}, 80));
     },
     Decision::kAllow},
    {"Row17_LookAlikeAHostOutside",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"203.0.113.9"}, 8443));
     },
     Decision::kAllow},
    {"Row17_ASliceWithoutAPortIsNotKnown",
     [](World& w) {
       w.add(open_to_slices());
       return create(w, slice({"10.0.0.7"}, 0));
     },
     Decision::kUnknown, "the EndpointSlice names no port"},
};

INSTANTIATE_TEST_SUITE_P(All, SliceCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
