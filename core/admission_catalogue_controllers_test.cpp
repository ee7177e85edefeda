// The catalogue of bypasses (exposure.md, section 3), rows where what controllers make of annotations and
// labels, or what an image usually is, decides: the manifest that exposes, and beside it the harmless one.
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

// A Service of the database for the cluster alone, but for what it says.
Service announced(const char* annotation, const char* value) {
  Service made = cluster_ip({port(5432)});
  made.meta.annotations[annotation] = value;
  return made;
}

// What Calico or Cilium tell the routers around.
Advertisement advertisement(std::vector<std::string> networks = {}) {
  Advertisement made;
  made.kind = "BGPConfiguration";
  made.meta.name = "default";
  made.addresses.emplace_back();
  made.addresses[0].networks = std::move(networks);
  return made;
}
Service at(std::string ip, std::vector<ServicePort> ports) {
  Service made = cluster_ip(std::move(ports));
  made.cluster_ip = std::move(ip);
  return made;
}
Entrance export_of(std::string service) {
  Entrance made;
  made.kind = "ServiceExport";
  made.meta = named(service);
  made.via = Via::kExport;
  made.by_host = false;
  EntranceTarget target;
  target.ns = "data";
  target.service = std::move(service);
  target.every_port = true;
  made.targets = {target};
  return made;
}

class ControllerCatalogue : public ::testing::TestWithParam<CatalogueRow> {};

TEST_P(ControllerCatalogue, JudgesTheManifest) { expect_judgement(GetParam()); }

const CatalogueRow kRows[] = {
    {"Row37_TakingAwayTheInternalAnnotationOpensTheBalancer",
     [](World& w) {
       const Service before =
           internal_load_balancer("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal");
       Service after = before;
       after.meta.annotations.clear();
       w.add(before);
       return update(w, before, after);
     },
     Decision::kDeny, "Service data/web (LoadBalancer) port 5432"},
    {"Row37_LookAlikeAnotherAnnotationGoes",
     [](World& w) {
       const Service after =
           internal_load_balancer("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal");
       Service before = after;
       before.meta.annotations["team"] = "data";
       w.add(before);
       return update(w, before, after);
     },
     Decision::kAllow},

    {"Row38_IntoATailnet", [](World& w) { return create(w, announced("tailscale.com/expose", "true")); },
     Decision::kDeny, "Service data/web (ClusterIP) with annotation tailscale.com/expose port 5432"},
    {"Row38_LookAlikeNotIntoATailnet",
     [](World& w) { return create(w, announced("tailscale.com/expose", "false")); }, Decision::kAllow},
    {"Row38_LookAlikeAWebServerIntoATailnet",
     [](World& w) {
       Service made = announced("tailscale.com/expose", "true");
       made.ports = {port(443, number_of(8443))};
       return create(w, made);
     },
     Decision::kAllow},
    {"Row38_ByATailnetsLoadBalancerClass",
     [](World& w) {
       Service made = load_balancer({port(5432)});
       made.load_balancer_class = "tailscale";
       return create(w, made);
     },
     Decision::kDeny, "(LoadBalancer) port 5432"},
    {"Row38_AClusterIpToldToTheRouters",
     [](World& w) { return create(w, announced("kube-router.io/service.advertise.clusterip", "true")); },
     Decision::kDeny, "kube-router.io/service.advertise.clusterip"},
    {"Row38_LookAlikeAClusterIpKeptFromTheRouters",
     [](World& w) { return create(w, announced("kube-router.io/service.advertise.clusterip", "false")); },
     Decision::kAllow},
    {"Row38_ByAProxyOnEveryNode",
     [](World& w) { return create(w, announced("kube-service-exposer.sidero.dev/port", "15432")); },
     Decision::kDeny, "kube-service-exposer.sidero.dev/port at 15432 -> port 5432"},
    {"Row38_AProxyThatShowsAnInternalNumber",
     [](World& w) {
       Service made = announced("kube-service-exposer.sidero.dev/port", "27017");
       made.ports = {port(443, number_of(8443))};
       return create(w, made);
     },
     Decision::kDeny, "port 27017 (MongoDB) is internal"},
    {"Row38_LookAlikeAProxyOfTheWebPortAlone",
     [](World& w) {
       Service made = announced("kube-service-exposer.sidero.dev/port", "8443");
       made.ports = {port(443, number_of(8443)), port(5432)};
       return create(w, made);
     },
     Decision::kAllow},
    {"Row38_LookAlikeOnlyTheWebPortToOtherSites",
     [](World& w) {
       Service made = announced("skupper.io/proxy", "tcp");
       made.meta.annotations["skupper.io/port"] = "443";
       made.ports = {port(443, number_of(8443)), port(5432)};
       return create(w, made);
     },
     Decision::kAllow},
    {"Row38_LookAlikeAProxyWithoutAPort",
     [](World& w) { return create(w, announced("kube-service-exposer.sidero.dev/port", "none")); },
     Decision::kAllow},
    {"Row38_ToOtherSites", [](World& w) { return create(w, announced("skupper.io/proxy", "tcp")); },
     Decision::kDeny, "annotation skupper.io/proxy"},
    {"Row38_LookAlikeAWordThatTheProxyDoesNotKnow",
     [](World& w) { return create(w, announced("skupper.io/proxy", "off")); }, Decision::kAllow},
    {"Row38_ToOtherClustersByALabel",
     [](World& w) {
       Service made = cluster_ip({port(5432)});
       made.meta.labels["mirror.linkerd.io/exported"] = "remote-discovery";
       return create(w, made);
     },
     Decision::kDeny, "label mirror.linkerd.io/exported"},
    {"Row38_LookAlikeTheLabelAsAnAnnotation",
     [](World& w) { return create(w, announced("mirror.linkerd.io/exported", "true")); }, Decision::kAllow},
    {"Row38_ToAClusterMesh",
     [](World& w) { return create(w, announced("service.cilium.io/global", "true")); }, Decision::kDeny,
     "annotation service.cilium.io/global"},
    {"Row38_LookAlikeAMeshThatOnlyTakes",
     [](World& w) {
       Service made = announced("service.cilium.io/global", "true");
       made.meta.annotations["service.cilium.io/shared"] = "false";
       return create(w, made);
     },
     Decision::kAllow},
    {"Row38_AnotherAnnouncementIsAnotherWay",
     [](World& w) {
       const Service before = announced("tailscale.com/expose", "true");
       const Service after = announced("kube-router.io/service.advertise.clusterip", "true");
       w.add(before);
       return update(w, before, after);
     },
     Decision::kDeny, "kube-router.io/service.advertise.clusterip"},
    {"Row38_LookAlikeTheSameAnnouncementStays",
     [](World& w) {
       const Service before = announced("tailscale.com/expose", "true");
       Service after = before;
       after.meta.annotations["team"] = "data";
       w.add(before);
       return update(w, before, after);
     },
     Decision::kAllow},

    {"Row51_ADatabaseThatListensAtTheWebServersNumberIsTold",
     [](World& w) {
       Workload moved = deployment({container_port(8443)});
       moved.pod.containers[0].image = "registry.example.org/postgres:17";
       w.add(moved);
       return create(w, load_balancer({port(443, number_of(8443))}));
     },
     Decision::kWarn,
     "port 8443 seems to be the service of image postgres, whose port 5432 (PostgreSQL) is internal"},
    {"Row51_ADatabaseThatDeclaresNoPortIsTold",
     [](World& w) {
       Workload moved = deployment({});
       moved.pod.containers[0].image = "postgres";
       w.add(moved);
       return create(w, load_balancer({port(443, number_of(8443))}));
     },
     Decision::kWarn, "is internal"},
    {"Row51_LookAlikeAnExporterOfTheDatabase",
     [](World& w) {
       Workload exporter = deployment({container_port(8443)});
       exporter.pod.containers[0].image = "postgres-exporter:0.17";
       w.add(exporter);
       return create(w, load_balancer({port(443, number_of(8443))}));
     },
     Decision::kAllow},
    {"Row51_LookAlikeADatabaseBesideTheWebServer",
     [](World& w) {
       Workload both = deployment({container_port(8443)});
       both.pod.containers.push_back(container("db", {container_port(5432)}));
       both.pod.containers[1].image = "postgres:17";
       w.add(both);
       return create(w, load_balancer({port(443, number_of(8443))}));
     },
     Decision::kAllow},
    {"Row51_LookAlikeADatabaseThatNoPolicyKnows",
     [](World& w) {
       Workload other = deployment({container_port(8443)});
       other.pod.containers[0].image = "memcached:1.6";
       w.add(other);
       return create(w, load_balancer({port(443, number_of(8443))}));
     },
     Decision::kAllow},

    {"Row39_EveryClusterIpIsAdvertised",
     [](World& w) {
       w.add(at("10.96.0.7", {port(80, number_of(5432))}));
       return create(w, advertisement());
     },
     Decision::kDeny,
     "Service data/web (ClusterIP) advertised by BGPConfiguration default port 80 -> targetPort 5432"},
    {"Row39_TheServiceComesAfterwards",
     [](World& w) {
       w.add(advertisement({"10.96.0.0/12"}));
       return create(w, at("10.96.0.7", {port(5432)}));
     },
     Decision::kDeny, "advertised by BGPConfiguration default"},
    {"Row39_ItsAddressIsNotKnownYet",
     [](World& w) {
       w.add(advertisement({"10.96.0.0/12"}));
       return create(w, cluster_ip({port(5432)}));
     },
     Decision::kDeny},
    {"Row39_TheNetworkIsWidened",
     [](World& w) {
       w.add(at("10.96.0.7", {port(5432)}));
       w.add(advertisement({"10.97.0.0/16"}));
       return update(w, advertisement({"10.97.0.0/16"}), advertisement({"10.96.0.0/12"}));
     },
     Decision::kDeny},
    {"Row39_WhatWasAdvertisedBeforeStays",
     [](World& w) {
       w.add(at("10.96.0.7", {port(5432)}));
       w.add(advertisement({"10.96.0.0/16"}));
       return update(w, advertisement({"10.96.0.0/16"}), advertisement({"10.96.0.0/12"}));
     },
     Decision::kAllow},
    {"Row39_AnAddressOfAnotherNetwork",
     [](World& w) {
       w.add(advertisement({"10.97.0.0/16"}));
       return create(w, at("10.96.0.7", {port(5432)}));
     },
     Decision::kAllow},
    {"Row39_OnlyInternalNumbersAreRefused",
     [](World& w) {
       w.add(at("10.96.0.7", {port(8080), port(9000, name_of("nobodys"))}));
       return create(w, advertisement());
     },
     Decision::kAllow},
    {"Row39_AHeadlessServiceHasNoAddress",
     [](World& w) {
       w.add(advertisement());
       return create(w, at("None", {port(5432)}));
     },
     Decision::kAllow},

    {"Row40_EveryPortIsExported",
     [](World& w) {
       w.add(cluster_ip({port(443), port(5432)}));
       return create(w, export_of("web"));
     },
     Decision::kDeny, "ServiceExport data/web -> Service data/web port 5432"},
    {"Row40_TheServiceComesAfterwards",
     [](World& w) {
       w.add(export_of("web"));
       return create(w, cluster_ip({port(443), port(80, number_of(5432))}));
     },
     Decision::kDeny, "ServiceExport data/web -> Service data/web port 80 -> targetPort 5432"},
    {"Row40_LookAlikeAWebServerIsExported",
     [](World& w) {
       w.add(cluster_ip({port(443)}));
       return create(w, export_of("web"));
     },
     Decision::kAllow},
};

INSTANTIATE_TEST_SUITE_P(Rows, ControllerCatalogue, ::testing::ValuesIn(kRows), name_of_row);

// --- internal load balancers, cloud by cloud ---

TEST(InternalLoadBalancer, IsKnownByTheAnnotationOfEachCloud) {
  const std::pair<const char*, const char*> known[] = {
      {"service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"},
      {"service.beta.kubernetes.io/aws-load-balancer-internal", "true"},
      {"service.beta.kubernetes.io/azure-load-balancer-internal", "true"},
      {"networking.gke.io/load-balancer-type", "Internal"},
      {"cloud.google.com/load-balancer-type", "Internal"},
      {"service.beta.kubernetes.io/openstack-internal-load-balancer", "true"},
      {"service.beta.kubernetes.io/oci-load-balancer-internal", "true"},
      {"oci-network-load-balancer.oraclecloud.com/internal", "true"},
      {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet"},
      {"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", "subnet-1"},
      {"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private"},
      {"service.beta.kubernetes.io/do-loadbalancer-network", "INTERNAL"},
      {"service.beta.kubernetes.io/scw-loadbalancer-private", "true"},
      {"load-balancer.hetzner.cloud/disable-public-network", "true"},
  };
  const World world(control_plane());
  for (const auto& [annotation, value] : known) {
    EXPECT_EQ(create(world, internal_load_balancer(annotation, value)).decision, Decision::kAllow)
        << annotation;
    EXPECT_EQ(create(world, internal_load_balancer(annotation, "")).decision, Decision::kDeny) << annotation;
    EXPECT_EQ(
        create(world, internal_load_balancer(annotation, "no")).decision,
        std::string(annotation).find("subnetid") == std::string::npos ? Decision::kDeny : Decision::kAllow)
        << annotation;
  }
}

TEST(InternalLoadBalancer, IsPublicWhenAnotherWordContradicts) {
  const World world(control_plane());
  Service made = internal_load_balancer("service.beta.kubernetes.io/aws-load-balancer-internal", "true");
  made.meta.annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] = "internet-facing";
  EXPECT_EQ(create(world, made).decision, Decision::kDeny);

  Service by_class = internal_load_balancer("networking.gke.io/load-balancer-type", "Internal");
  by_class.load_balancer_class = "networking.gke.io/l4-regional-external";
  EXPECT_EQ(create(world, by_class).decision, Decision::kDeny);
  by_class.load_balancer_class = "networking.gke.io/l4-regional-internal";
  EXPECT_EQ(create(world, by_class).decision, Decision::kAllow);
}

TEST(InternalLoadBalancer, TakingTheAnnotationAwayIsJudged) {
  World world(control_plane());
  const Service before =
      internal_load_balancer("service.beta.kubernetes.io/azure-load-balancer-internal", "true");
  world.add(before);
  Service after = before;
  after.meta.annotations.clear();
  EXPECT_EQ(update(world, before, after).decision, Decision::kDeny);
}

}  // namespace
}  // namespace berth
