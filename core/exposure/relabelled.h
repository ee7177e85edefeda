// RelabelledFacts: facts in which one namespace has other labels.
//
// So what a change of labels opens is found by the same code over two views of the same facts. Thread-safety:
// as the facts beneath; they and the labels must outlive it.
#pragma once

#include <string>

#include "core/exposure/facts.h"

namespace berth::exposure {

class RelabelledFacts final : public Facts {
 public:
  RelabelledFacts(const Facts& base, std::string ns, const Labels& labels)
      : base_(base), ns_(std::move(ns)), labels_(labels) {}

  // What the labels decide.
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override;

  std::vector<const Service*> services(std::string_view ns) const override { return base_.services(ns); }
  const Service* service(std::string_view ns, std::string_view name) const override {
    return base_.service(ns, name);
  }
  std::vector<const Service*> services_selecting(std::string_view ns, const Labels& labels) const override {
    return base_.services_selecting(ns, labels);
  }
  std::vector<const Service*> aliases(std::string_view ns) const override { return base_.aliases(ns); }
  std::vector<const Entrance*> entrances(std::string_view ns) const override { return base_.entrances(ns); }
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override {
    return base_.entrances_at(gateway);
  }
  std::vector<const Gateway*> gateways(std::string_view ns) const override { return base_.gateways(ns); }
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override {
    return base_.listener_sets_of(gateway);
  }
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override { return base_.grants(ns); }
  std::vector<const Backend*> backends(std::string_view ns) const override { return base_.backends(ns); }
  std::vector<const Backend*> backends_to(std::string_view place) const override {
    return base_.backends_to(place);
  }
  std::vector<const Workload*> workloads(std::string_view ns) const override { return base_.workloads(ns); }
  const Workload* workload(std::string_view ns, std::string_view kind, std::string_view name) const override {
    return base_.workload(ns, kind, name);
  }
  std::vector<const Workload*> workloads_with(std::string_view ns, const Labels& labels) const override {
    return base_.workloads_with(ns, labels);
  }
  std::vector<const Workload*> workloads_at(std::string_view address) const override {
    return base_.workloads_at(address);
  }
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override {
    return base_.slices_of(service);
  }
  std::vector<const NetworkSet*> network_sets() const override { return base_.network_sets(); }
  std::vector<const Advertisement*> advertisements() const override { return base_.advertisements(); }
  std::vector<const Service*> every_service() const override { return base_.every_service(); }
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override {
    return base_.allocations(ns);
  }
  std::vector<const ExposurePolicy*> policies() const override { return base_.policies(); }
  std::vector<std::string> namespaces() const override { return base_.namespaces(); }

 private:
  const Facts& base_;
  std::string ns_;
  const Labels& labels_;
};

}  // namespace berth::exposure
