// The catalogue of bypasses (exposure.md, section 3), rows that an Ingress or the pods themselves decide: the
// manifest that exposes, and beside it the harmless one that looks the same.
#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::CatalogueRow;
using testing::cluster_ip;
using testing::create;
using testing::expect_judgement;
using testing::name_of_row;
using testing::update;
using testing::with_init;

ServicePort named_port(std::string name, ServicePort made) {
  made.name = std::move(name);
  return made;
}

Workload on_host_network(Workload made) {
  made.pod.host_network = true;
  return made;
}

Workload with_tunnel(const char* image) {
  Workload made = deployment({container_port(5432)});
  made.pod.containers.push_back(container("tunnel", {}));
  made.pod.containers[1].image = image;
  return made;
}

// kubectl debug.
Verdict debug(World& world, const Workload& before) {
  Workload after = before;
  after.pod.ephemeral_containers.push_back(container("debugger", {}));
  after.pod.ephemeral_containers.back().image = "alpine/socat";
  world.add(before);
  return update(world, before, after);
}

class IngressAndPodCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(IngressAndPodCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row18_IngressToAPortNameThatLeadsToTheDatabase",
     [](World& w) {
       w.add(workload("StatefulSet", "pg", {container_port(5432, "sql")}));
       w.add(cluster_ip({named_port("pg", port(80, name_of("sql")))}));
       return create(w, ingress({backend("web", "pg")}));
     },
     Decision::kDeny,
     "Ingress data/front (a.example.org) -> Service data/web port \"pg\" (80) -> targetPort \"sql\" -> "
     "StatefulSet "
     "data/pg container main port 5432"},
    {"Row18_LookAlikeTheOtherPortOfTheService",
     [](World& w) {
       w.add(deployment({container_port(5432, "sql"), container_port(8080, "http")}));
       w.add(cluster_ip(
           {named_port("pg", port(5432, name_of("sql"))), named_port("http", port(80, name_of("http")))}));
       return create(w, ingress({backend("web", "http")}));
     },
     Decision::kAllow},
    {"Row18_TheServiceThatComesLaterIsJudged",
     [](World& w) {
       w.add(ingress({backend("web", 80)}));
       return create(w, cluster_ip({port(80, number_of(5432))}));
     },
     Decision::kDeny, "Ingress data/front"},
    {"Row18_TheServicePortItselfIsInternal",
     [](World& w) { return create(w, ingress({backend("db", 5432)})); }, Decision::kDeny, "port 5432"},
    {"Row18_AMissingServiceIsUnknown", [](World& w) { return create(w, ingress({backend("db", 8080)})); },
     Decision::kUnknown, "no Service data/db"},
    {"Row18_AMissingPortIsUnknown",
     [](World& w) {
       w.add(cluster_ip({port(80)}));
       return create(w, ingress({backend("web", "pg")}));
     },
     Decision::kUnknown, "has no port named \"pg\""},

    {"Row19_OnlyADefaultBackend",
     [](World& w) {
       w.add(cluster_ip({port(80, number_of(27017))}));
       Ingress made = ingress_manifest({});
       made.rules.clear();
       made.default_backend = backend("web", 80);
       return create(w, exposure::testing::entrance_of(made));
     },
     Decision::kDeny, "port 27017 (MongoDB)"},
    {"Row19_LookAlikeDefaultBackendIsTheWebServer",
     [](World& w) {
       w.add(cluster_ip({port(80, number_of(8080))}));
       Ingress made = ingress_manifest({});
       made.rules.clear();
       made.default_backend = backend("web", 80);
       return create(w, exposure::testing::entrance_of(made));
     },
     Decision::kAllow},

    {"Row21_AResourceBackendIsUnknown",
     [](World& w) {
       IngressBackend resource;
       resource.resource = "k8s.example.com/StorageBucket/static";
       return create(w, ingress({resource}));
     },
     Decision::kUnknown, "StorageBucket"},

    {"Row42_HostPortWithAnotherNumberInFrontOfTheDatabase",
     [](World& w) { return create(w, deployment({host_port(15432, 5432)})); }, Decision::kDeny,
     "Deployment data/web container main hostPort 15432 -> port 5432"},
    {"Row42_TheHostPortItselfIsInternal",
     [](World& w) { return create(w, deployment({host_port(5432, 8443)})); }, Decision::kDeny,
     "port 5432 (PostgreSQL)"},
    {"Row42_LookAlikeHostPortOfTheWebServer",
     [](World& w) { return create(w, deployment({host_port(443, 8443)})); }, Decision::kAllow},
    {"Row42_LookAlikeNoHostPort", [](World& w) { return create(w, deployment({host_port(0, 5432)})); },
     Decision::kAllow},

    {"Row43_TheForbiddenHostPortHidesBehindALegalOne",
     [](World& w) {
       return create(w, deployment({host_port(443, 8443), host_port(0, 9000), host_port(15432, 5432)}));
     },
     Decision::kDeny, "hostPort 15432"},
    {"Row43_LookAlikeTheInternalPortHasNone",
     [](World& w) {
       return create(w, deployment({host_port(443, 8443), host_port(0, 5432)}));
     },
     Decision::kAllow},

    {"Row44_HostPortOfASidecar",
     [](World& w) { return create(w, with_init(deployment({}), host_port(15432, 5432), "Always")); },
     Decision::kDeny, "container proxy hostPort 15432"},
    {"Row44_HostPortOfAnInitContainer",
     [](World& w) { return create(w, with_init(deployment({}), host_port(15432, 5432), "")); },
     Decision::kDeny},
    {"Row44_LookAlikeSidecarWithoutHostPort",
     [](World& w) { return create(w, with_init(deployment({}), host_port(0, 5432), "Always")); },
     Decision::kAllow},
    {"Row44_HostPortOfAnEphemeralContainer",
     [](World& w) {
       const Workload pod = workload("Pod", "web-0", {});
       Workload debugged = pod;
       debugged.pod.ephemeral_containers = {container("debug", {host_port(15432, 5432)})};
       w.add(pod);
       return update(w, pod, debugged);
     },
     Decision::kDeny, "container debug"},

    {"Row45_HostNetworkWithoutPortsIsUnknown",
     [](World& w) { return create(w, on_host_network(deployment({}))); }, Decision::kUnknown,
     "Deployment data/web (hostNetwork)"},
    {"Row45_LookAlikeDeclaresTheWebPort",
     [](World& w) { return create(w, on_host_network(deployment({container_port(443)}))); },
     Decision::kAllow},

    {"Row46_HostNetworkImpliesHostPortsInTemplates",
     [](World& w) { return create(w, on_host_network(deployment({container_port(5432)}))); }, Decision::kDeny,
     "Deployment data/web (hostNetwork) container main port 5432"},
    {"Row46_HostIpBindsNothingOnTheHostNetwork",
     [](World& w) { return create(w, on_host_network(deployment({host_port(5432, 5432, "127.0.0.1")}))); },
     Decision::kDeny},
    {"Row46_LookAlikeWithoutHostNetwork",
     [](World& w) { return create(w, deployment({container_port(5432)})); }, Decision::kAllow},

    {"Row47_HostIpOfEveryAddress",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "0.0.0.0")})); }, Decision::kDeny},
    {"Row47_HostIpOfEveryIpv6Address",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "::")})); }, Decision::kDeny},
    {"Row47_HostIpOfANode",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "10.0.0.7")})); }, Decision::kDeny,
     "hostPort 10.0.0.7:5432"},
    {"Row47_LookAlikeLoopback",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "127.0.0.1")})); }, Decision::kAllow},
    {"Row47_LookAlikeAnyAddressOfTheLoopbackNet",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "127.8.9.10")})); }, Decision::kAllow},
    {"Row47_LookAlikeIpv6Loopback",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "::1")})); }, Decision::kAllow},
    {"Row49_ADebugContainerComesIntoAPodThatIsExposed",
     [](World& w) {
       w.add(testing::load_balancer({port(443, number_of(8443))}));
       return debug(w, workload("Pod", "web-1", {container_port(8443), container_port(5432)}));
     },
     Decision::kUnknown, "Pod data/web-1 container debugger runs a debug container"},
    {"Row49_ASecondOneIsToldToo",
     [](World& w) {
       Workload pod = workload("Pod", "web-1", {container_port(8443), container_port(5432)});
       pod.pod.ephemeral_containers = {container("first", {})};
       w.add(testing::load_balancer({port(443, number_of(8443))}));
       return debug(w, pod);
     },
     Decision::kUnknown, "container debugger"},
    {"Row49_LookAlikeNothingInternalIsInThePod",
     [](World& w) {
       w.add(testing::load_balancer({port(443, number_of(8443))}));
       return debug(w, workload("Pod", "web-1", {container_port(8443), container_port(9000)}));
     },
     Decision::kAllow},
    {"Row49_LookAlikeThePodIsNotExposed",
     [](World& w) {
       w.add(testing::cluster_ip({port(5432)}));
       return debug(w, workload("Pod", "web-1", {container_port(5432)}));
     },
     Decision::kAllow},
    {"Row50_ATunnelBesideTheDatabaseIsUnknown",
     [](World& w) { return create(w, with_tunnel("cloudflare/cloudflared:2026.1.0")); }, Decision::kUnknown,
     "Deployment data/web container tunnel runs cloudflared"},
    {"Row50_ATunnelPutIntoARunningPodIsUnknown",
     [](World& w) {
       Workload before = workload("Pod", "db-0", {container_port(5432)});
       Workload after = before;
       after.pod.ephemeral_containers = {container("debugger", {})};
       after.pod.ephemeral_containers[0].image = "ngrok/ngrok:3";
       w.add(before);
       return update(w, before, after);
     },
     Decision::kUnknown, "container debugger runs ngrok"},
    {"Row50_LookAlikeThePodOfADeploymentThatWasToldOf",
     [](World& w) {
       const Workload made_by = with_tunnel("cloudflare/cloudflared:2026.1.0");
       Workload pod = made_by;
       pod.kind = "Pod";
       pod.meta.name = "web-0";
       own(pod, made_by);
       w.add(made_by);
       return create(w, pod);
     },
     Decision::kAllow},
    {"Row50_LookAlikeAnImageThatIsCalledNearlySo",
     [](World& w) { return create(w, with_tunnel("cloudflared-exporter:1")); }, Decision::kAllow},

    {"Row47_AnUnreadableAddressIsNotLoopback",
     [](World& w) { return create(w, deployment({host_port(5432, 5432, "127.0.0.1.example")})); },
     Decision::kDeny},

    {"Row12_IngressToAnExternalNameIsUnknown",
     [](World& w) {
       Service made = service("ExternalName", {port(80)});
       made.external_name = "postgres.data.svc.cluster.local";
       w.add(made);
       return create(w, ingress({backend("web", 80)}));
     },
     Decision::kUnknown, "ExternalName for postgres.data.svc.cluster.local"},

    {"Row67_AnImpossibleContainerPort",
     [](World& w) { return create(w, deployment({container_port(70968)})); }, Decision::kDeny,
     "containers[0].ports[0].containerPort"},
    {"Row67_AnImpossibleBackend", [](World& w) { return create(w, ingress({backend("web", 70968)})); },
     Decision::kDeny, "spec.rules[0].http.paths[0].backend.service.port.number"},
};

INSTANTIATE_TEST_SUITE_P(Rows, IngressAndPodCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
