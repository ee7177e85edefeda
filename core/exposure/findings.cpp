#include "core/exposure/findings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "core/exposure/container_ports.h"
#include "core/exposure/rules.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

// What one policy says of one way; no objection = it lets the way out.
struct Opinion {
  std::string policy;
  std::optional<Objection> objection;
};

bool stricter(const Objection& left, const Objection& right) {
  if (left.decision != right.decision) return left.decision > right.decision;
  return left.ground < right.ground;
}

std::string policies_text(const std::vector<std::string>& names) {
  std::string text = names.size() == 1 ? "ExposurePolicy " : "ExposurePolicies ";
  for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::optional<Finding> strictest(const WayOut& way, const std::vector<Opinion>& opinions,
                                 bool judged_is_workload) {
  const Objection* decisive = nullptr;
  for (const Opinion& opinion : opinions) {
    if (opinion.objection && (decisive == nullptr || stricter(*opinion.objection, *decisive))) {
      decisive = &*opinion.objection;
    }
  }
  if (decisive == nullptr) return std::nullopt;

  std::vector<std::string> agree;
  std::vector<std::string> object_too;
  std::vector<std::string> let_out;
  for (const Opinion& opinion : opinions) {
    if (!opinion.objection) {
      let_out.push_back(opinion.policy);
    } else if (opinion.objection->ground == decisive->ground &&
               opinion.objection->number == decisive->number &&
               opinion.objection->decision == decisive->decision) {
      agree.push_back(opinion.policy);
    } else {
      object_too.push_back(opinion.policy);
    }
  }
  Finding finding;
  finding.decision = decisive->decision;
  finding.policy = joined(agree);
  finding.port = decisive->number;
  finding.protocol = to_string(way.protocol);
  finding.via = to_string(way.via);
  finding.path = path_of(way);
  finding.message = decisive->reason + " by " + policies_text(agree) + decisive->consequence;
  if (!object_too.empty()) finding.message += "; " + policies_text(object_too) + " would object too";
  if (!let_out.empty()) {
    finding.message += "; " + policies_text(let_out) + " would let it out, but the strictest decides";
  }
  finding.fix = fix_for(way, *decisive, judged_is_workload);
  return finding;
}

struct Candidate {
  const WayOut* way;
  Finding finding;
};

bool repeats_its_load_balancer(const Candidate& candidate, const std::vector<Candidate>& all) {
  const WayOut& way = *candidate.way;
  if (way.via != Via::kNodePort || way.health_check || way.service->type != "LoadBalancer") return false;
  return std::any_of(all.begin(), all.end(), [&](const Candidate& other) {
    return other.way->via == Via::kLoadBalancer && other.way->service_port == way.service_port &&
           other.way->workload == way.workload && other.way->container_port == way.container_port &&
           other.finding.audit_only == candidate.finding.audit_only &&
           other.finding.message == candidate.finding.message;
  });
}

// --- numbers that are no port
// -----------------------------------------------------------------------------------

struct WrittenNumber {
  std::string field;
  std::int64_t number;

  auto operator<=>(const WrittenNumber&) const = default;
};

std::string indexed(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

class NumberCheck {
 public:
  void required(std::string field, std::int64_t number) {
    if (!Port::checked(number)) wrong_.push_back({std::move(field), number});
  }
  // 0 = not written.
  void optional(std::string field, std::int64_t number) {
    if (number != 0) required(std::move(field), number);
  }
  std::vector<WrittenNumber> take() { return std::move(wrong_); }

 private:
  std::vector<WrittenNumber> wrong_;
};

void check(const Service& service, NumberCheck& numbers) {
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    const ServicePort& port = service.ports[i];
    const std::string field = indexed("spec.ports", i);
    numbers.required(field + ".port", port.port);
    const Target target = target_of(port);
    const std::int64_t* number = std::get_if<std::int64_t>(&target);
    // An absent target is the Service port, reported already.
    if (number != nullptr && *number != port.port) numbers.required(field + ".targetPort", *number);
    numbers.optional(field + ".nodePort", port.node_port);
  }
  numbers.optional("spec.healthCheckNodePort", service.health_check_node_port);
}

void check(const IngressBackend& backend, const std::string& field, NumberCheck& numbers) {
  if (backend.resource.empty() && backend.port_name.empty()) {
    numbers.required(field + ".service.port.number", backend.port_number);
  }
}

void check(const Ingress& ingress, NumberCheck& numbers) {
  if (ingress.default_backend) check(*ingress.default_backend, "spec.defaultBackend", numbers);
  for (std::size_t i = 0; i < ingress.rules.size(); ++i) {
    for (std::size_t k = 0; k < ingress.rules[i].paths.size(); ++k) {
      const std::string field = indexed(indexed("spec.rules", i) + ".http.paths", k) + ".backend";
      check(ingress.rules[i].paths[k].backend, field, numbers);
    }
  }
}

void check(const Workload& workload, NumberCheck& numbers) {
  const auto check_list = [&](const std::vector<Container>& containers, const std::string& list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      for (std::size_t k = 0; k < containers[i].ports.size(); ++k) {
        const std::string field = indexed(indexed(list, i) + ".ports", k);
        numbers.required(field + ".containerPort", containers[i].ports[k].container_port);
        numbers.optional(field + ".hostPort", containers[i].ports[k].host_port);
      }
    }
  };
  check_list(workload.pod.containers, "containers");
  check_list(workload.pod.init_containers, "initContainers");
  check_list(workload.pod.ephemeral_containers, "ephemeralContainers");
}

std::vector<WrittenNumber> wrong_numbers(const Subject& subject) {
  NumberCheck numbers;
  std::visit([&](const auto* object) { check(*object, numbers); }, subject);
  return numbers.take();
}

std::string subject_text(const Subject& subject) {
  if (const auto* service = std::get_if<const Service*>(&subject))
    return object_text("Service", (*service)->meta);
  if (const auto* ingress = std::get_if<const Ingress*>(&subject))
    return object_text("Ingress", (*ingress)->meta);
  const Workload& workload = *std::get<const Workload*>(subject);
  return object_text(workload.kind, workload.meta);
}

}  // namespace

std::vector<Finding> make_findings(const std::vector<WayOut>& ways, const std::vector<PolicyTable>& policies,
                                   const Facts& facts, bool judged_is_workload, Instant now) {
  std::vector<Candidate> candidates;
  for (const WayOut& way : ways) {
    const std::vector<std::string> namespaces = way.namespaces();
    std::vector<Opinion> enforced;
    std::vector<Opinion> audited;
    for (const PolicyTable& table : policies) {
      const ExposurePolicy& policy = table.policy();
      if (!in_force(policy, namespaces, facts)) continue;
      std::vector<Opinion>& opinions = policy.spec.action == "Audit" ? audited : enforced;
      opinions.push_back({one_line(policy.meta.name), objection(way, table, facts, now)});
    }
    if (std::optional<Finding> finding = strictest(way, enforced, judged_is_workload)) {
      candidates.push_back({&way, std::move(*finding)});
    }
    if (std::optional<Finding> finding = strictest(way, audited, judged_is_workload)) {
      finding->audit_only = true;
      candidates.push_back({&way, std::move(*finding)});
    }
  }
  std::vector<Finding> findings;
  for (const Candidate& candidate : candidates) {
    if (!repeats_its_load_balancer(candidate, candidates)) findings.push_back(candidate.finding);
  }
  return findings;
}

std::vector<Finding> make_number_findings(const Subject& object, const std::optional<Subject>& old_object) {
  std::set<WrittenNumber> known;
  if (old_object) {
    for (WrittenNumber& number : wrong_numbers(*old_object)) known.insert(std::move(number));
  }
  std::vector<Finding> findings;
  for (const WrittenNumber& wrong : wrong_numbers(object)) {
    if (known.count(wrong) != 0) continue;
    Finding finding;
    finding.decision = Decision::kDeny;
    finding.port = wrong.number;
    finding.path = subject_text(object) + " " + wrong.field;
    finding.message = Port::checked(wrong.number).error().message;
    finding.fix = "write a number from 1 to 65535";
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace berth::exposure
