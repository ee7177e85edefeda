// Neighbourhood: one namespace of the facts, read once, and the joins inside it.
//
// Services and workloads only meet within a namespace, so a judgement never looks further than where an
// entrance leads. Each list is fetched at first use. Thread-safety: none; one per judgement.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/exposure/facts.h"

namespace berth::exposure {

class Neighbourhood {
 public:
  Neighbourhood(const Facts& facts, std::string ns) : facts_(facts), ns_(std::move(ns)) {}

  [[nodiscard]] const Facts& facts() const { return facts_; }
  const std::vector<const Service*>& services();
  const std::vector<const Entrance*>& entrances();  // that lead here
  const std::vector<const Workload*>& workloads();
  const std::vector<const NetworkPolicy*>& network_policies();

  // nullptr when there is none of that name.
  const Service* service(std::string_view name);

  // The workloads whose pods `service` leads to: its selector takes their labels in, and they still serve
  // (Pods that Succeeded or Failed do not). None for a Service without a selector. A template made by a known
  // owner (the ReplicaSets a Deployment keeps for its history) counts only by the owner and by its pods. Pods
  // of one owner that declare the same ports stand in for each other, and so do pods without a known owner
  // that have the same labels, ports and images: only the first of them is listed, unless an exception of a
  // policy names a Pod here.
  std::vector<const Workload*> selected_by(const Service& service);
  // The same of a NetworkPolicy: whose pods it isolates.
  std::vector<const Workload*> selected_by(const NetworkPolicy& policy);

  // The controller that made `workload`, by ownerReference (kind, name, and uid where both are known);
  // nullptr when it has none or it is not known.
  const Workload* owner(const Workload& workload);

 private:
  // Some of those that may matter would else be hidden behind one that is permitted.
  bool pods_are_named();
  template <class Selects>
  std::vector<const Workload*> selected(const std::vector<const Workload*>& candidates, Selects selects);

  const Facts& facts_;
  std::string ns_;
  std::optional<std::vector<const Service*>> services_;
  std::optional<std::vector<const Entrance*>> entrances_;
  std::optional<std::vector<const Workload*>> workloads_;
  std::optional<std::vector<const NetworkPolicy*>> network_policies_;
  std::optional<bool> pods_are_named_;
};

// `service` has a selector and it takes the labels of the workload's pods in.
bool selects(const Service& service, const Workload& workload);

// `policy` says who may come in to the workload's pods. It says nothing of pods on the network of their node
// (networking.k8s.io/v1: undefined, and no known plugin tells them from the node).
// Of a cluster-wide one, that it is about the workload's namespace is known before.
bool isolates(const NetworkPolicy& policy, const Workload& workload);

}  // namespace berth::exposure
