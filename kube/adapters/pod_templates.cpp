#include "kube/adapters/pod_templates.h"

#include <iterator>
#include <utility>
#include <vector>

namespace berth::adapters {
namespace {

void append(std::vector<Container>& all, std::vector<Container>& more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

void join_templates(Workload& all, Workload more) {
  all.template_labels.merge(more.template_labels);
  all.pod.host_network = all.pod.host_network || more.pod.host_network;
  append(all.pod.containers, more.pod.containers);
  append(all.pod.init_containers, more.pod.init_containers);
  append(all.pod.ephemeral_containers, more.pod.ephemeral_containers);
}

}  // namespace berth::adapters
