#include "operator/node_port_range.h"

#include "core/model/service.h"
#include "kube/wire/status.h"

namespace berth::controller {
namespace {

// Never stored; the name is for whoever reads it in an audit log.
Service question(Port number) {
  Service service;
  service.meta.ns = "default";
  service.meta.name = "berth-asks-for-the-node-port-range";
  service.type = "NodePort";
  service.ports = {{.name = "probe", .port = number.number(), .node_port = number.number()}};
  return service;
}

// The lowest number is outside of every range that does not begin with it, and the highest of every other
// that does not end with it.
std::optional<PortSpan> ask(const client::Client& client) {
  for (const Port number : {Port::of(Port::kMin), Port::of(Port::kMax)}) {
    const Status answer = client.check_create(wire::kService, question(number));
    if (answer.ok()) continue;
    return wire::valid_node_ports(answer.error());
  }
  return PortSpan{Port::of(Port::kMin), Port::of(Port::kMax)};
}

}  // namespace

std::optional<PortSpan> NodePortRange::current() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_->monotonic();
  if (!asked_ || now - *asked_ >= kKnownFor) {
    asked_ = now;
    // An answer that says nothing does not undo what the server has said before.
    if (const auto said = ask(*client_)) known_ = said;
  }
  return known_;
}

}  // namespace berth::controller
