// Which sets of networks (NetworkSet, GlobalNetworkSet) the `source` of a rule of Calico's policies means.
//
// Calico puts one expression together of all that a source says, and looks for it among the labels of pods
// and of sets alike. A NetworkSet has the labels of its namespace, too, as "pcns.NAME"; what has no namespace
// has none of those, nor projectcalico.org/namespace. Where it cannot be read, and where there is too much of
// it, it is taken for every set. Source: projectcalico/calico, libcalico-go/lib/backend/syncersv1/
// updateprocessors (rules.go, networksetprocessor.go). Thread-safety: one reader for each policy.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/model/network_policy.h"
#include "kube/json/tree.h"

namespace berth::adapters {

class CalicoSetReader {
 public:
  // std::nullopt: the source selects nothing by labels. `nets` and `except`: what it says of addresses
  // beside; no `nets`: everything.
  std::optional<NetworkPolicyPeer> read(const json::Tree& source, const std::vector<std::string>& nets,
                                        const std::vector<std::string>& except);

 private:
  void add(NetworkSetSelector& sets, std::vector<NetworkSetTerm> any_of);

  std::size_t length_ = 0;  // of all that was read: a short expression can need many terms
};

}  // namespace berth::adapters
