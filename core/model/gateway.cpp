#include "core/model/gateway.h"

namespace berth {

ParentReference filled_in(ParentReference parent, const std::string& ns) {
  if (!parent.group) parent.group = kGatewayGroup;
  if (parent.kind.empty()) parent.kind = "Gateway";
  if (parent.ns.empty()) parent.ns = ns;
  return parent;
}

bool refers_to(const ParentReference& parent, const Gateway& gateway) {
  return parent.kind == gateway.kind && parent.name == gateway.meta.name && parent.ns == gateway.meta.ns;
}

bool adds_to(const Gateway& set, const Gateway& gateway) {
  return set.kind != "Gateway" && refers_to(filled_in(set.parent, set.meta.ns), gateway);
}

}  // namespace berth
