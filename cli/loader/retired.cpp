#include "cli/loader/retired.h"

#include <algorithm>
#include <utility>

namespace berth::cli {
namespace {

void rename(Node& node, std::string_view from, std::string_view to) {
  Mapping* members = node.mapping();
  if (members == nullptr || find(node, to) != nullptr) return;
  for (Member& member : *members) {
    if (member.key == from) member.key = to;
  }
}

// {serviceName: db, servicePort: 5432 | pg} -> {service: {name: db, port: {number | name}}}
void rewrite_backend(Node& backend) {
  Mapping* members = backend.mapping();
  if (members == nullptr || find(backend, "service") != nullptr) return;
  Node service{backend.mark, Mapping{}};
  const Node* name = find(backend, "serviceName");
  const Node* port = find(backend, "servicePort");
  if (name == nullptr && port == nullptr) return;
  if (name != nullptr) service.mapping()->push_back({"name", name->mark, *name});
  if (port != nullptr) {
    const char* member = port->text() != nullptr ? "name" : "number";
    service.mapping()->push_back(
        {"port", port->mark, Node{port->mark, Mapping{{member, port->mark, *port}}}});
  }
  std::erase_if(*members, [](const Member& member) {
    return member.key == "serviceName" || member.key == "servicePort";
  });
  members->push_back({"service", backend.mark, std::move(service)});
}

void rewrite_ingress(Node& object) {
  Node* spec = find(object, "spec");
  if (spec == nullptr) return;
  rename(*spec, "backend", "defaultBackend");
  if (Node* backend = find(*spec, "defaultBackend")) rewrite_backend(*backend);
  Node* rules = find(*spec, "rules");
  if (rules == nullptr || rules->sequence() == nullptr) return;
  for (Node& rule : *rules->sequence()) {
    Node* http = find(rule, "http");
    Node* paths = http == nullptr ? nullptr : find(*http, "paths");
    if (paths == nullptr || paths->sequence() == nullptr) continue;
    for (Node& path : *paths->sequence()) {
      if (Node* backend = find(path, "backend")) rewrite_backend(*backend);
    }
  }
}

}  // namespace

void bring_up_to_date(Node& object, const KnownKind& kind) {
  Node* version = find(object, "apiVersion");
  if (version == nullptr || *version->text() == kind.api_version) return;
  version->value = std::string(kind.api_version);
  if (kind.role == Role::kIngress) rewrite_ingress(object);
}

}  // namespace berth::cli
