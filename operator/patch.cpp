#include "operator/patch.h"

#include "core/base/overloaded.h"
#include "kube/json/patch.h"

namespace berth::controller {
namespace {

void put(json::MergePatch& patch, const json::PatchPath& path, const std::optional<std::string>& value) {
  if (value) {
    patch.set(path, *value);
  } else {
    patch.remove(path);
  }
}

void edit(json::MergePatch& patch, const desired::Edit& edit) {
  std::visit(Overloaded{
                 [&](const desired::LabelEdit& e) {
                   put(patch, {"metadata", "labels", e.key}, e.value);
                 },
                 [&](const desired::AnnotationEdit& e) {
                   put(patch, {"metadata", "annotations", e.key}, e.value);
                 },
                 [&](const desired::OwnerReferencesEdit& e) { patch.set_owner_references(e.all); },
                 [&](const desired::TypeEdit& e) {
                   patch.set({"spec", "type"}, e.type);
                 },
                 [&](const desired::PortsEdit& e) { patch.set_ports(e.all); },
                 [&](const desired::SelectorEdit& e) {
                   put(patch, {"spec", "selector", e.key}, e.value);
                 },
                 [&](const desired::ExternalTrafficPolicyEdit& e) {
                   put(patch, {"spec", "externalTrafficPolicy"}, e.value);
                 },
                 [&](const desired::AllocateNodePortsEdit& e) {
                   const json::PatchPath path = {"spec", "allocateLoadBalancerNodePorts"};
                   if (e.value) {
                     patch.set(path, *e.value);
                   } else {
                     patch.remove(path);
                   }
                 },
                 [&](const desired::LoadBalancerClassEdit& e) {
                   patch.set({"spec", "loadBalancerClass"}, e.value);
                 },
                 [&](const desired::SourceRangesEdit& e) {
                   const json::PatchPath path = {"spec", "loadBalancerSourceRanges"};
                   if (e.all.empty()) {
                     patch.remove(path);
                   } else {
                     patch.set(path, e.all);
                   }
                 },
                 [&](const desired::ExternalIpsEdit&) {
                   patch.remove({"spec", "externalIPs"});
                 },
                 [&](const desired::PodSelectorEdit& e) {
                   patch.set_label_selector({"spec", "podSelector"}, e.all);
                   for (const std::string& key : e.removed_labels) {
                     patch.remove({"spec", "podSelector", "matchLabels", key});
                   }
                 },
                 [&](const desired::PolicyTypesEdit& e) {
                   patch.set({"spec", "policyTypes"}, e.all);
                 },
                 [&](const desired::IngressEdit& e) { patch.set_ingress_rules(e.all); },
                 [&](const desired::EgressEdit& e) { patch.set_egress_rules(e.all); },
                 [&](const desired::DataEdit& e) {
                   put(patch, {"data", e.key}, e.value);
                 },
             },
             edit);
}

}  // namespace

std::string patch_text(const PatchObject& action) {
  Meta meta;
  meta.uid = action.uid;
  meta.resource_version = action.resource_version;
  json::MergePatch patch;
  patch.only_if(meta);
  for (const desired::Edit& one : action.edits) edit(patch, one);
  return patch.text();
}

}  // namespace berth::controller
