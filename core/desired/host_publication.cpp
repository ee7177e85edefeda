#include "core/desired/host_publication.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <variant>

#include "core/allocation/host_ports.h"
#include "core/base/cidr.h"
#include "core/base/overloaded.h"
#include "core/base/reasons.h"

namespace berth::desired {
namespace {

using allocation::Holding;

constexpr std::size_t kMaxNames = 5;
constexpr char kLoopback[] = "127.0.0.1";

// What is wrong with a pod, in the order in which it is told.
enum class Objection : std::uint8_t { kNone, kOtherNode, kMissing, kDiffers, kOtherAddress };

constexpr std::array kObjections = {Objection::kOtherNode, Objection::kMissing, Objection::kDiffers,
                                    Objection::kOtherAddress};

const char* reason_of(Objection objection) {
  switch (objection) {
    case Objection::kOtherNode:
      return reason::kPodOnOtherNode;
    case Objection::kMissing:
      return reason::kHostPortMissing;
    case Objection::kDiffers:
      return reason::kHostPortDiffers;
    case Objection::kOtherAddress:
      return reason::kHostIPDiffers;
    case Objection::kNone:
      break;
  }
  return reason::kHostPort;
}

bool is_every_address(const std::string& host_ip) {
  return host_ip.empty() || host_ip == "0.0.0.0" || host_ip == "::";
}

bool is_same_address(const std::string& wanted, const std::string& present) {
  if (is_every_address(wanted) || is_every_address(present)) {
    return is_every_address(wanted) && is_every_address(present);
  }
  const auto a = Cidr::parse_address(wanted);
  const auto b = Cidr::parse_address(present);
  return a.ok() && b.ok() && *a == *b;
}

// Is it the container port that the port of the allocation means? Without targetPort the number itself.
bool is_target(const AllocationPort& port, Port number, const ContainerPort& candidate) {
  if (candidate.protocol != port.protocol) return false;
  return std::visit(Overloaded{[&](std::monostate) { return candidate.container_port == number.number(); },
                               [&](std::int64_t target) { return candidate.container_port == target; },
                               [&](const std::string& name) { return candidate.name == name; }},
                    port.target_port);
}

std::string host_ip_text(const std::string& host_ip) {
  return is_every_address(host_ip) ? "no hostIP" : "hostIP: " + host_ip;
}

// One port of the allocation, held against the pods.
class PortCheck {
 public:
  PortCheck(const PortAllocation& allocation, const AllocationPort& port, const Holding& holding)
      : port_(port),
        number_(holding.number),
        node_(holding.key.node),
        address_(host_address(allocation.spec, port)),
        any_loopback_(port.host_ip.empty() && address_ == kLoopback) {}

  // Why the pod does not carry the number as it should.
  [[nodiscard]] Objection objection(const Workload& pod) const {
    if (!node_.empty() && !pod.pod.node_name.empty() && pod.pod.node_name != node_) {
      return Objection::kOtherNode;
    }
    bool another = false;  // the target has a host port, but not this one
    bool astray = false;   // the number leads to something else
    for (const auto& open : allocation::host_ports_of(pod)) {
      const bool target = is_target(port_, number_, *open.port);
      const bool same = open.key.port == number_ && open.port->protocol == port_.protocol;
      if (target && same) return listens_right(pod, *open.port) ? Objection::kNone : Objection::kOtherAddress;
      another = another || target;
      astray = astray || same;
    }
    return another || astray ? Objection::kDiffers : Objection::kMissing;
  }

  [[nodiscard]] std::string explain(Objection objection, const std::string& pods) const {
    const std::string number = to_string(number_);
    const std::string what = "port " + port_.name;
    const std::string entry = "hostPort: " + number + target_text();
    if (objection == Objection::kOtherNode) {
      return pods + " runs on another node than " + node_ + ", where " + number + " is held for " + what +
             ": bind the pods to that node, or write their node as spec.nodeName";
    }
    if (objection == Objection::kMissing) {
      return pods + " has no host port for " + what + ": write " + entry;
    }
    if (objection == Objection::kDiffers) {
      return pods + " has another host port for " + what + ", or leads " + number +
             " to something else: write " + entry;
    }
    return pods + " has " + what + " listen on another address: write " + host_ip_text(address_) +
           " beside hostPort: " + number;
  }

 private:
  [[nodiscard]] bool listens_right(const Workload& pod, const ContainerPort& port) const {
    if (pod.pod.host_network) return true;  // the process binds itself, hostIP says nothing
    if (!any_loopback_) return is_same_address(address_, port.host_ip);
    const auto address = Cidr::parse_address(port.host_ip);
    return address.ok() && address->is_loopback();
  }

  [[nodiscard]] std::string target_text() const {
    return std::visit(
        Overloaded{[&](std::monostate) { return " beside containerPort: " + to_string(number_); },
                   [](std::int64_t target) { return " beside containerPort: " + std::to_string(target); },
                   [](const std::string& name) { return " at the container port named " + name; }},
        port_.target_port);
  }

  const AllocationPort& port_;
  Port number_;
  std::string node_;
  std::string address_;
  bool any_loopback_;  // any loopback address will do
};

// "Pod mesh/a-1", "Pod mesh/a-1, mesh/a-2 and others". No count: it would be written anew with every pod.
std::string names_of(const std::vector<const Workload*>& pods) {
  std::string text = "Pod ";
  for (std::size_t i = 0; i < std::min(pods.size(), kMaxNames); ++i) {
    text += (i == 0 ? "" : ", ") + to_string(pods[i]->meta.key());
  }
  return pods.size() > kMaxNames ? text + " and others" : text;
}

HostPublication taken(const Holding& holding, const std::string& holder) {
  return {false, reason::kPortTaken,
          to_string(holding.number) + " is held for port " + holding.slot.name + ", but " + holder +
              " uses it without an allocation: delete that object, or write another number"};
}

}  // namespace

std::string host_address(const PortAllocationSpec& spec, const AllocationPort& port) {
  if (!port.host_ip.empty()) return port.host_ip;
  return exposure_of(spec, port) == Exposure::kLocalhost ? kLoopback : "";
}

HostPublication judge_host_ports(const PortAllocation& allocation, const std::vector<Holding>& numbers,
                                 const std::vector<const Workload*>& pods, const allocation::Uses& uses) {
  std::vector<const Workload*> own;
  for (const Workload* pod : pods) {
    const bool counts = allocation::is_serving_pod(*pod) && !pod->meta.deleting();
    if (counts && allocation::takes_in(allocation, *pod)) own.push_back(pod);
  }
  std::sort(own.begin(), own.end(),
            [](const Workload* a, const Workload* b) { return a->meta.name < b->meta.name; });
  for (const Holding& holding : numbers) {
    const auto* use = uses.other_than(allocation.meta.uid, allocation::Space::kHostPort, holding.key);
    if (use != nullptr) return taken(holding, use->holder);
  }
  if (own.empty()) {
    return {true, reason::kAwaitingPods,
            "no pod that the selector takes runs yet: write the numbers into it as hostPort"};
  }
  for (const Objection objection : kObjections) {
    for (const Holding& holding : numbers) {
      const auto port =
          std::find_if(allocation.spec.ports.begin(), allocation.spec.ports.end(),
                       [&](const AllocationPort& candidate) { return candidate.name == holding.slot.name; });
      if (port == allocation.spec.ports.end()) continue;
      const PortCheck check(allocation, *port, holding);
      std::vector<const Workload*> wrong;
      std::copy_if(own.begin(), own.end(), std::back_inserter(wrong),
                   [&](const Workload* pod) { return check.objection(*pod) == objection; });
      if (!wrong.empty()) return {false, reason_of(objection), check.explain(objection, names_of(wrong))};
    }
  }
  return {true, reason::kHostPort, names_of(own) + " has every number as hostPort"};
}

}  // namespace berth::desired
