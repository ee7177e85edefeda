#include "kube/json/patch.h"

#include <cstdlib>
#include <utility>

#include "kube/json/describe.h"
#include "kube/json/write_archive.h"

namespace berth::json {
namespace {

PatchPath below(PatchPath path, std::string key) {
  path.push_back(std::move(key));
  return path;
}

// A list of rules has a struct of its own only inside the policy: `peers` is "from" or "to".
std::string written_rules(const std::vector<NetworkPolicyRule>& rules, std::string_view peers) {
  Writer writer;
  WriteArchive archive(writer);
  writer.begin_list();
  for (NetworkPolicyRule rule : rules) {
    writer.begin_object();
    describe_rule(archive, rule, peers);
    writer.end_object();
  }
  writer.end_list();
  return writer.take();
}

}  // namespace

MergePatch& MergePatch::only_if(const Meta& present) {
  at({"metadata", "uid"}).leaf = written(present.uid.text);
  if (!present.resource_version.empty()) {
    at({"metadata", "resourceVersion"}).leaf = written(present.resource_version);
  }
  return *this;
}

MergePatch& MergePatch::set(const PatchPath& path, std::string_view value) {
  return set_leaf(path, written(std::string(value)));
}

MergePatch& MergePatch::set(const PatchPath& path, std::int64_t value) {
  return set_leaf(path, written(value));
}

MergePatch& MergePatch::set(const PatchPath& path, bool value) { return set_leaf(path, written(value)); }

MergePatch& MergePatch::set(const PatchPath& path, const std::vector<std::string>& value) {
  return set_leaf(path, written(value));
}

MergePatch& MergePatch::set_json(const PatchPath& path, std::string json) {
  return set_leaf(path, std::move(json));
}

MergePatch& MergePatch::remove(const PatchPath& path) { return set_leaf(path, "null"); }

MergePatch& MergePatch::replace_map(const PatchPath& path, const std::map<std::string, std::string>& present,
                                    const std::map<std::string, std::string>& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = present.find(key);
    if (found == present.end() || found->second != value) set(below(path, key), value);
  }
  for (const auto& [key, value] : present) {
    if (!wanted.contains(key)) remove(below(path, key));
  }
  return *this;
}

MergePatch& MergePatch::set_label(const std::string& key, std::string_view value) {
  return set({"metadata", "labels", key}, value);
}

MergePatch& MergePatch::remove_label(const std::string& key) { return remove({"metadata", "labels", key}); }

MergePatch& MergePatch::set_annotation(const std::string& key, std::string_view value) {
  return set({"metadata", "annotations", key}, value);
}

MergePatch& MergePatch::remove_annotation(const std::string& key) {
  return remove({"metadata", "annotations", key});
}

MergePatch& MergePatch::set_owner_references(const std::vector<OwnerReference>& wanted) {
  return set_leaf({"metadata", "ownerReferences"}, written(wanted));
}

MergePatch& MergePatch::set_label_selector(const PatchPath& path, const LabelSelector& wanted) {
  for (const auto& [key, value] : wanted.match_labels) {
    set(below(below(path, "matchLabels"), key), value);
  }
  const PatchPath expressions = below(path, "matchExpressions");
  if (wanted.match_expressions.empty()) return remove(expressions);
  return set_leaf(expressions, written(wanted.match_expressions));
}

MergePatch& MergePatch::set_ports(const std::vector<ServicePort>& wanted) {
  return set_leaf({"spec", "ports"}, written(wanted));
}

MergePatch& MergePatch::set_ingress_rules(const std::vector<NetworkPolicyRule>& wanted) {
  if (wanted.empty()) return remove({"spec", "ingress"});
  return set_leaf({"spec", "ingress"}, written_rules(wanted, "from"));
}

MergePatch& MergePatch::set_egress_rules(const std::vector<NetworkPolicyRule>& wanted) {
  if (wanted.empty()) return remove({"spec", "egress"});
  return set_leaf({"spec", "egress"}, written_rules(wanted, "to"));
}

std::string MergePatch::text() const {
  Writer writer;
  print(root_, writer);
  return writer.take();
}

MergePatch& MergePatch::set_leaf(const PatchPath& path, std::string json) {
  if (path.empty() || json.empty()) std::abort();
  Node& node = at(path);
  node.members.clear();
  node.leaf = std::move(json);
  edited_ = true;
  return *this;
}

MergePatch::Node& MergePatch::at(const PatchPath& path) {
  Node* node = &root_;
  for (const std::string& key : path) {
    node->leaf.clear();
    node = &node->members[key];
  }
  return *node;
}

void MergePatch::print(const Node& node, Writer& writer) {
  if (!node.leaf.empty()) {
    writer.raw(node.leaf);
    return;
  }
  writer.begin_object();
  for (const auto& [key, member] : node.members) {
    writer.key(key);
    print(member, writer);
  }
  writer.end_object();
}

}  // namespace berth::json
