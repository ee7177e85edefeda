// Pod and the kinds that carry a pod template. Source: core/v1, apps/v1, batch/v1.
#include <array>

#include "kube/json/describe.h"

namespace berth::json {
namespace {

// Where the pod's labels and spec stand, after `kind`.
enum class Carrier { kPod, kSpecTemplate, kJobTemplate, kTemplate };

struct KnownCarrier {
  std::string_view kind;
  Carrier carrier;
};

constexpr std::array<KnownCarrier, 9> kCarriers = {{
    {"Pod", Carrier::kPod},
    {"Deployment", Carrier::kSpecTemplate},
    {"StatefulSet", Carrier::kSpecTemplate},
    {"DaemonSet", Carrier::kSpecTemplate},
    {"ReplicaSet", Carrier::kSpecTemplate},
    {"ReplicationController", Carrier::kSpecTemplate},
    {"Job", Carrier::kSpecTemplate},
    {"CronJob", Carrier::kJobTemplate},
    {"PodTemplate", Carrier::kTemplate},
}};

const KnownCarrier* find_carrier(std::string_view kind) {
  for (const KnownCarrier& known : kCarriers) {
    if (known.kind == kind) return &known;
  }
  return nullptr;
}

}  // namespace

static void describe(Archive& archive, ContainerPort& port) {
  member(archive, "name", port.name);
  member(archive, "containerPort", port.container_port, Write::kAlways);
  member(archive, "hostPort", port.host_port);
  member(archive, "hostIP", port.host_ip);
  member(archive, "protocol", port.protocol);
}

static void describe(Archive& archive, Container& container) {
  member(archive, "name", container.name);
  member(archive, "image", container.image);
  member(archive, "restartPolicy", container.restart_policy);
  member(archive, "ports", container.ports);
}

static void describe(Archive& archive, PodSpec& spec) {
  member(archive, "hostNetwork", spec.host_network);
  member(archive, "containers", spec.containers);
  member(archive, "initContainers", spec.init_containers);
  member(archive, "ephemeralContainers", spec.ephemeral_containers);
  member(archive, "nodeName", spec.node_name);
}

static void describe_template(Archive& archive, Workload& workload) {
  group(archive, "template", true, [&] {
    group(archive, "metadata", true, [&] { member(archive, "labels", workload.template_labels); });
    member(archive, "spec", workload.pod, Write::kAlways);
  });
}

void describe_status(Archive& archive, Workload& workload) {
  member(archive, "phase", workload.phase);
  group_list(archive, "podIPs", workload.addresses,
             [&](std::string& address) { member(archive, "ip", address); });
}

void describe(Archive& archive, Workload& workload) {
  const KnownCarrier* known = find_carrier(workload.kind);
  if (known == nullptr) {
    return archive.fail("kind '" + workload.kind +
                        "' makes no pods that Berth knows; it is one of Pod, Deployment, StatefulSet, "
                        "DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, PodTemplate");
  }
  member(archive, "metadata", workload.meta, Write::kAlways);
  switch (known->carrier) {
    case Carrier::kPod:
      member(archive, "spec", workload.pod, Write::kAlways);
      group(archive, "status", !workload.phase.empty() || !workload.addresses.empty(),
            [&] { describe_status(archive, workload); });
      if (archive.reading()) workload.template_labels = workload.meta.labels;
      return;
    case Carrier::kSpecTemplate:
      return group(archive, "spec", true, [&] { describe_template(archive, workload); });
    case Carrier::kJobTemplate:
      return group(archive, "spec", true, [&] {
        group(archive, "jobTemplate", true,
              [&] { group(archive, "spec", true, [&] { describe_template(archive, workload); }); });
      });
    case Carrier::kTemplate:
      return describe_template(archive, workload);
  }
}

}  // namespace berth::json
