// EndpointSlice (discovery.k8s.io/v1) and Endpoints (core/v1).
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, EndpointPort& port) {
  member(archive, "name", port.name);
  member(archive, "port", port.port);
  member(archive, "protocol", port.protocol);
}

// Endpoints of one slice differ in what bears on no exposure: one list of addresses is enough.
static void describe_endpoints(Archive& archive, std::vector<std::string>& addresses) {
  std::vector<std::vector<std::string>> endpoints;
  for (const std::string& address : addresses) endpoints.push_back({address});
  group_list(archive, "endpoints", endpoints,
             [&](std::vector<std::string>& endpoint) { member(archive, "addresses", endpoint); });
  if (!archive.reading()) return;
  for (const auto& endpoint : endpoints) addresses.insert(addresses.end(), endpoint.begin(), endpoint.end());
}

static void describe_slice(Archive& archive, EndpointSlice& slice) {
  member(archive, "addressType", slice.address_type);
  if (archive.reading()) slice.subsets.resize(1);
  EndpointSubset none;
  EndpointSubset& only = slice.subsets.empty() ? none : slice.subsets.front();
  describe_endpoints(archive, only.addresses);
  member(archive, "ports", only.ports);
}

static void describe(Archive& archive, EndpointSubset& subset) {
  const auto ip = [&](std::string& address) { member(archive, "ip", address); };
  group_list(archive, "addresses", subset.addresses, ip);
  std::vector<std::string> not_ready;  // a moment later they may be
  group_list(archive, "notReadyAddresses", not_ready, ip);
  subset.addresses.insert(subset.addresses.end(), not_ready.begin(), not_ready.end());
  member(archive, "ports", subset.ports);
}

void describe(Archive& archive, EndpointSlice& slice) {
  member(archive, "metadata", slice.meta, Write::kAlways);
  if (slice.kind == "Endpoints") {
    member(archive, "subsets", slice.subsets);
  } else if (slice.kind == "EndpointSlice") {
    describe_slice(archive, slice);
  } else {
    archive.fail("kind '" + slice.kind + "' is none of EndpointSlice and Endpoints");
  }
}

}  // namespace berth::json
