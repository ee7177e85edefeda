#include "core/allocation/permission.h"

namespace berth::allocation {
namespace {

std::string list_of(const std::vector<PortSpan>& spans) {
  std::string text;
  for (const PortSpan& span : spans) text += (text.empty() ? "" : ", ") + to_string(span);
  return text;
}

Refused internal_refusal(const AllocationPort& port, const InternalNumbers::Finding& finding,
                         const std::string& what) {
  const std::string service = finding.service.empty() ? "" : " (" + finding.service + ")";
  return {RefusalReason::kPortInternal, port.name,
          "port " + port.name + " asks for outside exposure, but " + what + service +
              " is internal by ExposurePolicy " + finding.policy +
              ": write exposure: Cluster or Namespace, or another number"};
}

}  // namespace

bool Permission::asks_outside(const AllocationPort& port) const {
  return (port.exposure.empty() ? allocation_.spec.exposure : port.exposure) == "External";
}

std::optional<Refused> Permission::refuse_range(const CompiledRange& range) const {
  if (range.namespace_selector.empty()) return {};
  const std::string& ns = allocation_.meta.ns;
  if (namespace_labels_ == nullptr) {
    return Refused{RefusalReason::kNamespaceNotAllowed, "",
                   "range " + range.name + " is for some namespaces only, and the labels of namespace " + ns +
                       " are not known yet"};
  }
  if (matches(range.namespace_selector, *namespace_labels_)) return {};
  return Refused{RefusalReason::kNamespaceNotAllowed, "",
                 "namespace " + ns + " may not allocate from range " + range.name +
                     ": use another range, or have the namespace labelled as spec.namespaceSelector of the "
                     "range demands"};
}

std::optional<Refused> Permission::refuse_target(const AllocationPort& port) const {
  const std::int64_t* target = std::get_if<std::int64_t>(&port.target_port);
  if (target == nullptr || !asks_outside(port)) return {};
  const auto number = Port::checked(*target);
  if (!number.ok()) return {};
  const auto finding = internal_.find(*number, port.protocol, namespace_labels_);
  if (!finding) return {};
  return internal_refusal(port, *finding, "targetPort " + to_string(*number));
}

std::optional<Refused> Permission::refuse_number(const Source& place, const AllocationPort& port) const {
  const auto refuse = [&](RefusalReason reason, const std::string& message) {
    return Refused{reason, port.name,
                   "port " + port.name + " asks for " + std::to_string(port.port) + ", " + message};
  };
  const auto number = Port::checked(port.port);
  if (!number.ok() || !contains(place.spans(), *number)) {
    return refuse(
        RefusalReason::kPortOutsideRange,
        "which is not in " + to_string(place) + ": write one of " + list_of(place.spans()) + ", or none");
  }
  if (const CompiledRange* reserving = ranges_.reserving(place.range->space, *number)) {
    return refuse(RefusalReason::kPortReserved, "which range " + reserving->name + " reserves (" +
                                                    reserving->reservation(*number)->reason +
                                                    "): write another number, or none");
  }
  if (auto internal = refuse_target(port)) return internal;
  if (!asks_outside(port)) return {};
  const auto finding = internal_.find(*number, port.protocol);
  if (!finding) return {};
  return internal_refusal(port, *finding, "number " + to_string(*number));
}

std::optional<Refused> Permission::refuse_old_number(const CompiledRange& range, const AllocationPort& port,
                                                     bool own) const {
  const std::string asks = "port " + port.group + " migrates from " + std::to_string(port.port) + ", ";
  const auto number = Port::checked(port.port);
  if (!number.ok())
    return Refused{RefusalReason::kPortOutsideRange, port.name, asks + "which is no port number"};
  for (const auto& [name, other] : ranges_.usable()) {
    if (own || other.space != range.space || !contains(other.spans, *number)) continue;
    if (auto refused = refuse_range(other)) {
      return Refused{refused->reason, port.name, asks + "but " + refused->message};
    }
  }
  const CompiledRange* reserving = own ? nullptr : ranges_.reserving(range.space, *number);
  if (reserving != nullptr) {
    return Refused{RefusalReason::kPortReserved, port.name,
                   asks + "which range " + reserving->name + " reserves (" +
                       reserving->reservation(*number)->reason + "): remove migrateFrom, or the reservation"};
  }
  if (auto internal = refuse_target(port)) return internal;
  if (!asks_outside(port)) return {};
  const auto finding = internal_.find(*number, port.protocol);
  if (!finding) return {};
  return internal_refusal(port, *finding, "number " + to_string(*number));
}

}  // namespace berth::allocation
