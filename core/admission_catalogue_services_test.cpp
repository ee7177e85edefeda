// The catalogue of bypasses (exposure.md, section 3), rows that a Service decides: the manifest that exposes,
// and beside it the harmless one that looks the same.
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue_for_test.h"

namespace berth {
namespace {

using namespace exposure::testing;  // NOLINT(google-build-using-namespace): builders, only here
using testing::CatalogueRow;
using testing::cluster_ip;
using testing::create;
using testing::expect_judgement;
using testing::internal_load_balancer;
using testing::load_balancer;
using testing::name_of_row;
using testing::update;
using testing::with_init;

Service with_external_ip(Service made) {
  made.external_ips = {"203.0.113.9"};
  return made;
}

Workload labelled(Workload made, Labels labels) {
  made.template_labels = labels;
  made.meta.labels = std::move(labels);
  return made;
}

class ServiceCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(ServiceCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row01_LoadBalancerShows443ForANumericTarget",
     [](World& w) { return create(w, load_balancer({port(443, number_of(5432))})); }, Decision::kDeny,
     "Service data/web (LoadBalancer) port 443 -> targetPort 5432"},
    {"Row01_LookAlikeLeadsToAWebServer",
     [](World& w) { return create(w, load_balancer({port(443, number_of(8443))})); }, Decision::kAllow},
    {"Row01_LookAlikeStaysInside",
     [](World& w) { return create(w, cluster_ip({port(443, number_of(5432))})); }, Decision::kAllow},

    {"Row02_NamedTargetResolvesToTheDatabase",
     [](World& w) {
       w.add(workload("StatefulSet", "pg", {container_port(5432, "pg")}));
       return create(w, load_balancer({port(443, name_of("pg"))}));
     },
     Decision::kDeny, "port 443 -> targetPort \"pg\" -> StatefulSet data/pg container main port 5432"},
    {"Row02_NamedTargetInASidecar",
     [](World& w) {
       w.add(with_init(deployment({container_port(8443, "web")}), container_port(5432, "pg"), "Always"));
       return create(w, load_balancer({port(443, name_of("pg"))}));
     },
     Decision::kDeny, "container proxy port 5432"},
    {"Row02_LookAlikeNameMeansTheWebServer",
     [](World& w) {
       w.add(deployment({container_port(8443, "pg"), container_port(5432, "db")}));
       return create(w, load_balancer({port(443, name_of("pg"))}));
     },
     Decision::kAllow},
    {"Row02_LookAlikeNameOnAnInitContainerThatEnds",
     [](World& w) {
       w.add(with_init(deployment({container_port(8443, "web")}), container_port(5432, "web"), ""));
       return create(w, load_balancer({port(443, name_of("web"))}));
     },
     Decision::kAllow},

    {"Row03_NameWithoutPodsIsUnknown",
     [](World& w) { return create(w, load_balancer({port(443, name_of("pg"))})); }, Decision::kUnknown,
     "has a port named \"pg\""},
    {"Row03_TheWorkloadThatComesLaterIsJudged",
     [](World& w) {
       w.add(load_balancer({port(443, name_of("pg"))}));
       return create(w, deployment({container_port(5432, "pg")}));
     },
     Decision::kDeny, "Service data/web (LoadBalancer) port 443 -> targetPort \"pg\" -> Deployment data/web"},
    {"Row03_LookAlikeMapsTheNameToTheWebServer",
     [](World& w) {
       w.add(load_balancer({port(443, name_of("pg"))}));
       return create(w, deployment({container_port(8443, "pg")}));
     },
     Decision::kAllow},
    {"Row03_TheTemplateThatLearnsTheNameLaterIsJudged",
     [](World& w) {
       w.add(load_balancer({port(443, name_of("pg"))}));
       w.add(deployment({container_port(5432, "db")}));
       return update(w, deployment({container_port(5432, "db")}), deployment({container_port(5432, "pg")}));
     },
     Decision::kDeny},

    {"Row04_OneOfTwoDeploymentsMapsTheNameToTheDatabase",
     [](World& w) {
       w.add(deployment({container_port(8443, "web")}, "good"));
       w.add(deployment({container_port(5432, "web")}, "evil"));
       return create(w, load_balancer({port(443, name_of("web"))}));
     },
     Decision::kDeny, "Deployment data/evil"},
    {"Row04_LookAlikeTheOtherDeploymentIsNotSelected",
     [](World& w) {
       w.add(deployment({container_port(8443, "web")}, "good"));
       w.add(workload("Deployment", "db", {container_port(5432, "web")}, {{"app", "db"}}));
       return create(w, load_balancer({port(443, name_of("web"))}));
     },
     Decision::kAllow},
    {"Row04_TheNameInOnePodMapsTwice",
     [](World& w) {
       Workload both = deployment({container_port(8443, "web")});
       both.pod.containers.push_back(container("second", {container_port(5432, "web")}));
       w.add(both);
       return create(w, load_balancer({port(443, name_of("web"))}));
     },
     Decision::kDeny, "container second port 5432"},

    {"Row05_AbsentTargetIsTheServicePort", [](World& w) { return create(w, load_balancer({port(5432)})); },
     Decision::kDeny, "port 5432 (PostgreSQL)"},
    {"Row05_TargetZeroIsTheServicePort",
     [](World& w) { return create(w, load_balancer({port(5432, number_of(0))})); }, Decision::kDeny},
    {"Row05_EmptyTargetIsTheServicePort",
     [](World& w) { return create(w, load_balancer({port(5432, name_of(""))})); }, Decision::kDeny},
    {"Row05_LookAlikeAbsentTargetOf443", [](World& w) { return create(w, load_balancer({port(443)})); },
     Decision::kAllow},

    {"Row06_LabellingAPodIntoAPublicService",
     [](World& w) {
       w.add(load_balancer({port(443, name_of("web"))}));
       const Workload pod =
           workload("Pod", "postgres-0", {container_port(5432, "web")}, {{"app", "postgres"}});
       w.add(pod);
       return update(w, pod, labelled(pod, {{"app", "web"}}));
     },
     Decision::kDeny, "Pod data/postgres-0"},
    {"Row06_LookAlikeAnotherLabel",
     [](World& w) {
       w.add(load_balancer({port(443, name_of("web"))}));
       const Workload pod =
           workload("Pod", "postgres-0", {container_port(5432, "web")}, {{"app", "postgres"}});
       w.add(pod);
       return update(w, pod, labelled(pod, {{"app", "postgres"}, {"role", "primary"}}));
     },
     Decision::kAllow},

    {"Row07_SelectorMovedToTheDatabase",
     [](World& w) {
       w.add(workload("StatefulSet", "pg", {container_port(5432, "main")}, {{"app", "postgres"}}));
       w.add(deployment({container_port(8443, "main")}));
       const Service before = load_balancer({port(443, name_of("main"))});
       w.add(before);
       Service after = before;
       after.selector = {{"app", "postgres"}};
       return update(w, before, after);
     },
     Decision::kDeny, "StatefulSet data/pg"},
    {"Row07_LookAlikeSelectorMovedToAnotherWebServer",
     [](World& w) {
       w.add(workload("Deployment", "next", {container_port(8443, "main")}, {{"app", "next"}}));
       w.add(deployment({container_port(8443, "main")}));
       const Service before = load_balancer({port(443, name_of("main"))});
       w.add(before);
       Service after = before;
       after.selector = {{"app", "next"}};
       return update(w, before, after);
     },
     Decision::kAllow},

    {"Row08_ExternalIpOnAClusterIpService",
     [](World& w) { return create(w, with_external_ip(cluster_ip({port(5432)}))); }, Decision::kDeny,
     "(ClusterIP) at 203.0.113.9 port 5432"},
    {"Row08_ExternalIpWithAHarmlessLookingNumber",
     [](World& w) { return create(w, with_external_ip(cluster_ip({port(443, number_of(5432))}))); },
     Decision::kDeny},
    {"Row08_LookAlikeNoExternalIp", [](World& w) { return create(w, cluster_ip({port(5432)})); },
     Decision::kAllow},
    {"Row08_LookAlikeExternalIpForTheWebServer",
     [](World& w) { return create(w, with_external_ip(cluster_ip({port(443, number_of(8443))}))); },
     Decision::kAllow},

    {"Row09_StatusClaimsAnAddress",
     [](World& w) {
       const Service before = cluster_ip({port(5432)});
       w.add(before);
       Service after = before;
       after.load_balancer_status = {{"10.0.0.5", ""}};
       return update(w, before, after);
     },
     Decision::kDeny, "at 10.0.0.5"},
    {"Row09_LookAlikeTheLoadBalancersOwnStatus",
     [](World& w) {
       const Service before = load_balancer({port(443, number_of(8443))});
       w.add(before);
       Service after = before;
       after.load_balancer_status = {{"10.0.0.5", ""}};
       return update(w, before, after);
     },
     Decision::kAllow},

    {"Row10_AnInternalLoadBalancerOpensNodePorts",
     [](World& w) {
       Service made = internal_load_balancer("networking.gke.io/load-balancer-type", "Internal");
       made.allocate_load_balancer_node_ports.reset();
       made.ports.front().node_port = 31234;
       return create(w, made);
     },
     Decision::kDeny, "node port 31234 -> port 5432"},
    {"Row10_ANodePortWrittenByHandStaysOpen",
     [](World& w) {
       Service made = internal_load_balancer("networking.gke.io/load-balancer-type", "Internal");
       made.ports.front().node_port = 31234;
       return create(w, made);
     },
     Decision::kDeny},
    {"Row10_LookAlikeAllocatesNone",
     [](World& w) {
       return create(w, internal_load_balancer("networking.gke.io/load-balancer-type", "Internal"));
     },
     Decision::kAllow},
    {"Row10_AnInternalNumberAsHiddenNodePort",
     [](World& w) {
       Service made = load_balancer({node_port(27017, 443, number_of(8443))});
       return create(w, made);
     },
     Decision::kDeny, "port 27017 (MongoDB)"},

    {"Row11_TheHealthCheckNodePortIsANumberOutside",
     [](World& w) {
       Service made = load_balancer({port(443, number_of(8443))});
       made.external_traffic_policy = "Local";
       made.health_check_node_port = 27017;
       return create(w, made);
     },
     Decision::kDeny, "healthCheckNodePort 27017"},
    {"Row11_LookAlikeAnotherNumber",
     [](World& w) {
       Service made = load_balancer({port(443, number_of(8443))});
       made.external_traffic_policy = "Local";
       made.health_check_node_port = 30999;
       return create(w, made);
     },
     Decision::kAllow},

    {"Row52_TheContainerDeclaresNothing",
     [](World& w) {
       w.add(deployment({}));
       return create(w, load_balancer({port(443, number_of(5432))}));
     },
     Decision::kDeny, "targetPort 5432 -> Deployment data/web port 5432"},
    {"Row52_LookAlikeUndeclaredWebPort",
     [](World& w) {
       w.add(deployment({}));
       return create(w, load_balancer({port(443, number_of(8080))}));
     },
     Decision::kAllow},

    {"Row53_TheSameNumberOnAnotherProtocolIsNotListed",
     [](World& w) { return create(w, load_balancer({port(443, number_of(8443), Protocol::kUdp)})); },
     Decision::kDeny, "port 8443/UDP is not declared"},
    {"Row53_BothProtocolsAreLookedAt",
     [](World& w) {
       return create(
           w, load_balancer({port(5432, number_of(8443), Protocol::kUdp), port(443, number_of(5432))}));
     },
     Decision::kDeny, "8443/UDP"},
    {"Row53_LookAlikeANameOfTheOtherProtocol",
     [](World& w) {
       w.add(deployment({container_port(5432, "web", Protocol::kUdp), container_port(8443, "web")}));
       return create(w, load_balancer({port(443, name_of("web"))}));
     },
     Decision::kAllow},

    {"Row59_SourceRangesOfEverybody",
     [](World& w) {
       Service made = load_balancer({port(5432)});
       made.load_balancer_source_ranges = {"0.0.0.0/0"};
       return create(w, made);
     },
     Decision::kDeny},
    {"Row59_SourceRangesDoNotMakeAnInternalPortPublic",
     [](World& w) {
       Service made = load_balancer({port(5432)});
       made.load_balancer_source_ranges = {"10.0.0.0/8"};
       return create(w, made);
     },
     Decision::kDeny},

    {"Row61_AServiceMadeByAnOperatorIsJudgedLikeAnyOther",
     [](World& w) {
       Service made = load_balancer({port(5432)});
       made.meta.owner_references = {{"acid.zalan.do/v1", "postgresql", "main", {"u"}, true}};
       made.meta.labels["app.kubernetes.io/managed-by"] = "berth";
       return create(w, made);
     },
     Decision::kDeny},

    {"Row66_ADigitsOnlyNameIsTheNumber",
     [](World& w) { return create(w, load_balancer({port(443, name_of("5432"))})); }, Decision::kDeny},
    {"Row66_LookAlikeDigitsOfTheWebServer",
     [](World& w) { return create(w, load_balancer({port(443, name_of("8443"))})); }, Decision::kAllow},
    {"Row66_DigitsThatNoNumberHolds",
     [](World& w) { return create(w, load_balancer({port(443, name_of("99999999999999999999"))})); },
     Decision::kDeny, "is not a port"},

    {"Row67_ANumberThatWouldWrapAround",
     [](World& w) { return create(w, load_balancer({port(443, number_of(70968))})); }, Decision::kDeny,
     "'70968' is not a port"},
    {"Row67_ANegativeNumber", [](World& w) { return create(w, load_balancer({port(443, number_of(-1))})); },
     Decision::kDeny, "'-1' is not a port"},
    {"Row67_LookAlikeTheLargestPort",
     [](World& w) { return create(w, load_balancer({port(443, number_of(65535))})); }, Decision::kAllow},

    {"Row78_TheNodePortItselfIsInternal",
     [](World& w) { return create(w, service("NodePort", {node_port(27017, 443, number_of(8443))})); },
     Decision::kDeny, "node port 27017"},
    {"Row78_LookAlikeAnotherNodePort",
     [](World& w) { return create(w, service("NodePort", {node_port(30443, 443, number_of(8443))})); },
     Decision::kAllow},
    {"Row79_HeadlessStaysInside",
     [](World& w) {
       Service made = cluster_ip({port(5432)});
       made.cluster_ip = "None";
       return create(w, made);
     },
     Decision::kAllow},
    {"Row12_ExternalNameStaysInside",
     [](World& w) {
       Service made = service("ExternalName", {port(5432)});
       made.external_name = "db.example.org";
       return create(w, made);
     },
     Decision::kAllow},
};

INSTANTIATE_TEST_SUITE_P(Rows, ServiceCatalogue, ::testing::ValuesIn(kRows), name_of_row);

}  // namespace
}  // namespace berth
