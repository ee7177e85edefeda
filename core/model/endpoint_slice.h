// Where a Service leads, written out: discovery.k8s.io/v1 EndpointSlice and core/v1 Endpoints, in one struct.
//
// The cluster's own controllers write them for Services with a selector; whoever may write one by hand leads
// a Service anywhere (exposure.md rows 14 to 17, CVE-2021-25737). Plain data, compared with ==.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/port.h"
#include "core/model/meta.h"

namespace berth {

struct EndpointPort {
  std::string name = {};  // that of the Service port
  std::int64_t port = 0;  // 0 = none is written
  Protocol protocol = Protocol::kTcp;

  bool operator==(const EndpointPort&) const = default;
};

// Each address has each of the ports. An EndpointSlice is one of them.
struct EndpointSubset {
  std::vector<std::string> addresses = {};  // ready or not
  std::vector<EndpointPort> ports = {};

  bool operator==(const EndpointSubset&) const = default;
};

struct EndpointSlice {
  std::string api_version = {};
  std::string kind = {};  // EndpointSlice, Endpoints
  Meta meta = {};
  std::string address_type = {};  // of an EndpointSlice: IPv4, IPv6, FQDN
  std::vector<EndpointSubset> subsets = {};
  // Somebody else than the cluster's own controllers writes it, whatever its labels say. Not part of the
  // object: only who is asked about a write can know.
  bool by_hand = false;

  bool operator==(const EndpointSlice&) const = default;
};

// The name of the Service that it is for, in its own namespace: by its label or, of Endpoints, its own; "" =
// none.
const std::string& service_of(const EndpointSlice& slice);

// The controller that follows the pods of a Service with a selector calls it its own, and puts right what
// anybody else changes in it. For a Service without a selector it does not.
bool is_kept_by_cluster(const EndpointSlice& slice);

// Takes away what tells nothing of where the Service leads.
void keep_only_endpoints(EndpointSlice& slice);

}  // namespace berth
