#include "cli/loader/pod_carrier.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/loader/node_json.h"
#include "kube/adapters/pod_templates.h"
#include "kube/json/codec.h"

namespace berth::cli {
namespace {

bool is_pod_spec(const Node& node) {
  const Node* containers = find(node, "containers");
  const Sequence* list = containers == nullptr ? nullptr : containers->sequence();
  return list != nullptr && !list->empty() && std::all_of(list->begin(), list->end(), [](const Node& one) {
           const Node* image = find(one, "image");
           return image != nullptr && image->text() != nullptr;
         });
}

Node member_of(Node value, const char* key) {
  Node made;
  made.value = Mapping{{key, {}, std::move(value)}};
  return made;
}

// Templates as core/v1 has them: {metadata, spec}.
void collect(const Node& node, std::vector<Node>& templates) {
  if (const Sequence* items = node.sequence()) {
    for (const Node& item : *items) collect(item, templates);
  }
  const Mapping* members = node.mapping();
  if (members == nullptr) return;
  for (const Member& member : *members) {
    if (!is_pod_spec(member.value)) {
      collect(member.value, templates);
      continue;
    }
    Node made = member_of(member.value, "spec");
    const Node* metadata = member.key == "spec" ? find(node, "metadata") : nullptr;
    if (metadata != nullptr) made.mapping()->push_back({"metadata", {}, *metadata});
    templates.push_back(std::move(made));
  }
}

}  // namespace

std::optional<Workload> as_pod_carrier(const Node& object) {
  std::vector<Node> templates;
  collect(object, templates);
  std::optional<Workload> carrier;
  for (Node& found : templates) {
    Node whole = member_of(std::move(found), "template");
    if (const Node* metadata = find(object, "metadata"))
      whole.mapping()->push_back({"metadata", {}, *metadata});
    whole.mapping()->push_back({"kind", {}, Node{{}, std::string("PodTemplate")}});
    auto read = json::decode<Workload>(to_json(whole));
    if (!read.ok()) continue;
    if (carrier) {
      adapters::join_templates(*carrier, *std::move(read));
    } else {
      carrier = *std::move(read);
    }
  }
  return carrier;
}

}  // namespace berth::cli
