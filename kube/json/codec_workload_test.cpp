// Pods and what carries a pod template.
#include <gtest/gtest.h>

#include "core/model/workload.h"
#include "kube/json/codec.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

constexpr std::string_view kPodSpec = R"({
  "hostNetwork": true, "nodeName": "n1", "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
  "volumes": [{"name": "v", "emptyDir": {}}],
  "containers": [{"name": "pg", "image": "postgres:16", "resources": {"limits": {"cpu": "1"}},
    "ports": [{"name": "pg", "containerPort": 5432, "hostPort": 5432, "hostIP": "10.0.0.1", "protocol": "TCP"},
              {"containerPort": 70968}],
    "livenessProbe": {"httpGet": {"path": "/", "port": "pg"}, "periodSeconds": 10}}],
  "initContainers": [{"name": "mesh", "image": "mesh:1", "restartPolicy": "Always",
                      "ports": [{"containerPort": 15001, "protocol": "UDP"}]}],
  "ephemeralContainers": [{"name": "debug", "image": "busybox", "ports": null}]
})";

PodSpec pod_spec() {
  PodSpec spec;
  spec.host_network = true;
  spec.node_name = "n1";
  spec.containers = {{"pg",
                      "postgres:16",
                      "",
                      {{"pg", 5432, 5432, "10.0.0.1", Protocol::kTcp}, {"", 70968, 0, "", Protocol::kTcp}}}};
  spec.init_containers = {{"mesh", "mesh:1", "Always", {{"", 15001, 0, "", Protocol::kUdp}}}};
  spec.ephemeral_containers = {{"debug", "busybox", "", {}}};
  return spec;
}

Workload workload(std::string api_version, std::string kind) {
  Workload w;
  w.api_version = std::move(api_version);
  w.kind = std::move(kind);
  w.meta.name = "pg";
  w.meta.ns = "data";
  w.meta.labels = {{"own", "label"}};
  w.template_labels = {{"app", "pg"}};
  w.pod = pod_spec();
  return w;
}

std::string heading(const Workload& w) {
  return R"({"apiVersion":")" + w.api_version + R"(","kind":")" + w.kind +
         R"(","metadata":{"name":"pg","namespace":"data","labels":{"own":"label"}},)";
}

std::string pod_template() {
  return R"("template":{"metadata":{"creationTimestamp":null,"labels":{"app":"pg"}},"spec":)" +
         std::string(kPodSpec) + "}";
}

TEST(WorkloadCodec, KeepsAPodWithItsOwnLabelsAsThoseOfItsPods) {
  Workload expected = workload("v1", "Pod");
  expected.template_labels = expected.meta.labels;
  expected.phase = "Running";
  expect_round_trip(heading(expected) + R"("spec":)" + std::string(kPodSpec) +
                        R"(,"status":{"phase":"Running","podIP":"10.244.0.5","conditions":[]}})",
                    expected);
}

TEST(WorkloadCodec, KeepsEveryKindWithATemplate) {
  for (const auto& [version, kind] :
       std::vector<std::pair<std::string, std::string>>{{"apps/v1", "Deployment"},
                                                        {"apps/v1", "StatefulSet"},
                                                        {"apps/v1", "DaemonSet"},
                                                        {"apps/v1", "ReplicaSet"},
                                                        {"v1", "ReplicationController"},
                                                        {"batch/v1", "Job"}}) {
    const Workload expected = workload(version, kind);
    SCOPED_TRACE(kind);
    expect_round_trip(heading(expected) + R"("spec":{"replicas":2,"selector":{"matchLabels":{"app":"pg"}},)" +
                          pod_template() + R"(},"status":{"replicas":2,"phase":"not a pod's"}})",
                      expected);
  }
}

TEST(WorkloadCodec, KeepsACronJob) {
  const Workload expected = workload("batch/v1", "CronJob");
  expect_round_trip(heading(expected) +
                        R"("spec":{"schedule":"* * * * *","jobTemplate":{"metadata":{},"spec":{)" +
                        pod_template() + "}}}}",
                    expected);
}

TEST(WorkloadCodec, KeepsAPodTemplate) {
  const Workload expected = workload("v1", "PodTemplate");
  expect_round_trip(heading(expected) + pod_template() + "}", expected);
}

TEST(WorkloadCodec, NamesTheKindItCannotRead) {
  EXPECT_EQ(
      decode<Workload>(R"({"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":1}})")
          .error()
          .message,
      "kind 'Scale' makes no pods that Berth knows; it is one of Pod, Deployment, StatefulSet, DaemonSet, "
      "ReplicaSet, ReplicationController, Job, CronJob, PodTemplate");
  EXPECT_FALSE(decode<Workload>("{}").ok());
}

TEST(WorkloadCodec, NamesTheFullPathInTemplates) {
  EXPECT_EQ(decode<Workload>(
                R"({"kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[)"
                R"({"ports":[{"hostPort":"5432"}]}]}}}}}})")
                .error()
                .field,
            "spec.jobTemplate.spec.template.spec.containers[0].ports[0].hostPort");
}

}  // namespace
}  // namespace berth::json
