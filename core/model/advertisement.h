// Advertisement: what tells routers outside of the cluster the way to cluster IPs, whatever its kind.
//
// Behind it every Service of type ClusterIP is as reachable as one with externalIPs (exposure.md row 39).
// Kinds are told apart where they are read (kube/adapters). Thread-safety: values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "core/model/meta.h"
#include "core/model/service.h"

namespace berth {

// One part of what it advertises: all of both must hold.
struct AdvertisedAddresses {
  std::vector<std::string> networks = {};  // in which the cluster IPs are; none: every one
  LabelSelector selector = {};             // of Services; empty: every one

  bool operator==(const AdvertisedAddresses&) const = default;
};

struct Advertisement {
  std::string kind = {};  // "BGPConfiguration", ...
  Meta meta = {};
  std::vector<AdvertisedAddresses> addresses = {};

  bool operator==(const Advertisement&) const = default;
};

// A Service whose cluster IP is not known yet counts as one whose IP is in every network: it will get one. A
// network that cannot be read holds everything.
bool advertises(const Advertisement& advertisement, const Service& service);

}  // namespace berth
