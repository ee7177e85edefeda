// Addresses that are nobody's in the cluster, in an EndpointSlice that somebody wrote.
//
// Whoever connects to them arrives at the node itself, at the metadata of a cloud, or wherever a name may
// lead next (CVE-2021-25737, exposure.md row 17). Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace berth::exposure {

// "loopback", "link-local", "multicast", "unspecified" or "a name and no address"; "" for what a pod or a
// host may have, and for "".
std::string_view nobodys_address(std::string_view address);

// As status.podIPs has it: IPv6 in its short form. What is no address stays as it is.
std::string canonical_address(std::string_view address);

}  // namespace berth::exposure
