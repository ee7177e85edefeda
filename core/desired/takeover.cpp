#include "core/desired/takeover.h"

#include <algorithm>

#include "core/base/api_names.h"
#include "core/base/overloaded.h"
#include "core/base/reasons.h"

namespace berth::desired {
namespace {

using allocation::AdoptedForm;

std::string quoted(const std::string& text) { return text.empty() ? "none" : "'" + text + "'"; }

std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text.empty() ? "none" : text;
}

// "web TCP 80 -> 8080, nodePort 30080".
std::string text_of(const ServicePort& port) {
  const bool no_target = std::holds_alternative<std::monostate>(port.target_port);
  std::string text = port.name.empty() ? "" : port.name + " ";
  text += std::string(to_string(port.protocol)) + " " + std::to_string(port.port) + " -> " +
          (no_target ? std::to_string(port.port) : to_string(port.target_port));
  return port.node_port == 0 ? text : text + ", nodePort " + std::to_string(port.node_port);
}

std::string text_of(const std::vector<ServicePort>& ports) {
  std::vector<std::string> texts;
  for (const ServicePort& port : ports) texts.push_back(text_of(port));
  std::sort(texts.begin(), texts.end());
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : "; ") + one;
  return text.empty() ? "none" : text;
}

std::string value_of(const Labels& map, const std::string& key) {
  const auto entry = map.find(key);
  return entry == map.end() ? "" : entry->second;
}

std::string became(const std::string& what, const std::string& from, const std::string& to,
                   const std::string& advice) {
  return what + " is " + from + " and would become " + to + ": " + advice;
}

// What the edit would change of what the Service does; "" when it only says whose it is.
std::string change_of(const Edit& edit, const Service& present, const Service& wanted) {
  const auto nothing = [](const auto&) { return std::string(); };
  return std::visit(
      Overloaded{
          nothing,
          [&](const AnnotationEdit& e) {
            if (!present.meta.annotations.contains(e.key)) return std::string();
            return became("annotation " + e.key, quoted(value_of(present.meta.annotations, e.key)),
                          quoted(e.value.value_or("")),
                          "write the same into spec.service.annotations, or none");
          },
          [&](const TypeEdit& e) {
            return became("type", present.type.empty() ? "ClusterIP" : present.type, e.type,
                          "write spec.service.type and exposure that make the type it has, or use a range of "
                          "the space that fits it");
          },
          [&](const PortsEdit&) {
            return became("the list of ports", "[" + text_of(present.ports) + "]",
                          "[" + text_of(wanted.ports) + "]",
                          "declare in spec.ports just these ports, with the same targetPort and protocol");
          },
          [&](const SelectorEdit& e) {
            return became("selector " + e.key, quoted(value_of(present.selector, e.key)),
                          quoted(e.value.value_or("")), "write the Service's own selector as spec.selector");
          },
          [&](const ExternalTrafficPolicyEdit& e) {
            return became("externalTrafficPolicy", quoted(present.external_traffic_policy),
                          quoted(e.value.value_or("")),
                          "set it on the Service first, which clients may notice, or leave addresses out of "
                          "allowFrom until it is adopted");
          },
          [&](const AllocateNodePortsEdit&) {
            return std::string("allocateLoadBalancerNodePorts would change: leave it out of the Service");
          },
          [&](const LoadBalancerClassEdit& e) {
            return became("loadBalancerClass", quoted(present.load_balancer_class), quoted(e.value),
                          "write the same as spec.service.loadBalancerClass");
          },
          [&](const SourceRangesEdit& e) {
            return became("loadBalancerSourceRanges", listed(present.load_balancer_source_ranges),
                          listed(e.all), "write the same addresses as cidr in allowFrom of every port");
          },
          [&](const ExternalIpsEdit&) {
            return became("externalIPs", listed(present.external_ips), "none",
                          "take them off the Service first; Berth publishes on none");
          },
      },
      edit);
}

void keep_label(const Meta& present, Meta& wanted, const char* key) {
  const auto label = present.labels.find(key);
  if (label != present.labels.end()) wanted.labels[key] = label->second;
}

}  // namespace

Service in_form(Service wanted, const Service& present, const AdoptedForm& form) {
  for (ServicePort& port : wanted.ports) {
    const auto kept = form.ports.find(port.name);
    if (kept == form.ports.end()) continue;
    port.name = kept->second.name;
    if (port.node_port != 0) port.port = kept->second.port;
  }
  if (form.local_traffic && wanted.external_traffic_policy == "Cluster") {
    wanted.external_traffic_policy = "Local";
  }
  if (form.node_ports && wanted.type == "LoadBalancer") wanted.allocate_load_balancer_node_ports = true;
  keep_label(present.meta, wanted.meta, kManagedByLabel);  // Helm knows its objects by it
  wanted.meta.annotations[kAdoptedFormAnnotation] = encode(form);
  return wanted;
}

Service in_remembered_form(Service wanted, const Service& present, const PortAllocation& allocation) {
  AdoptedForm form = allocation::adopted_form(present);
  if (form == AdoptedForm{} && allocation::asks_for(present) == allocation.meta.name) {
    form = allocation::present_form(present, allocation.spec.ports);
  }
  return form == AdoptedForm{} ? wanted : in_form(std::move(wanted), present, form);
}

Difference take_over(const Service& present, const Service& wanted, const PortAllocation& allocation) {
  const AdoptedForm form = allocation::present_form(present, allocation.spec.ports);
  const Service kept = in_form(wanted, present, form);
  std::vector<Edit> edits = edits_to(present, kept);
  const std::string name = "Service " + to_string(present.meta.key());
  for (const Edit& edit : edits) {
    const std::string change = change_of(edit, present, kept);
    if (change.empty()) continue;
    return Clash{reason::kAdoptionRefused,
                 name + " is not adopted, because its " + change + "; nothing of it is changed"};
  }
  if (!wanted.load_balancer_class.empty() && present.load_balancer_class != wanted.load_balancer_class) {
    return Clash{reason::kAdoptionRefused,
                 name + " is not adopted, because its loadBalancerClass is " +
                     quoted(present.load_balancer_class) +
                     ": write the same as spec.service.loadBalancerClass; nothing of it is changed"};
  }
  return Patch{std::move(edits)};
}

Service with_slot_names(Service service, const AdoptedForm& form) {
  for (ServicePort& port : service.ports) port.name = allocation::slot_of(form, port);
  return service;
}

}  // namespace berth::desired
