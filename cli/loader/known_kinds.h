// The kinds that `berth lint` reads, in every API version they were ever served in, and the spellings that
// are nearly one of them.
//
// Thread-safety: constants and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/loader/node.h"

namespace berth::cli {

enum class Role {
  kService,
  kWorkload,
  kIngress,
  kGateway,  // and ListenerSet
  kRoute,
  kGrant,
  kEndpoints,  // and EndpointSlice
  kNetworkPolicy,
  kConfigMap,
  kNamespace,
  kAllocation,
  kPolicy,
  kRange,
};

struct KnownKind {
  Role role;
  std::string_view kind;
  std::string_view api_version;  // the one that is served today
  bool namespaced;
};

// The kind as of today, whatever version it was written in: extensions/v1beta1 Deployment is apps/v1's.
// nullptr: not a kind that decides about exposure.
const KnownKind* find_kind(std::string_view api_version, std::string_view kind);

// The group part of "apps/v1" or "v1".
std::string_view group_of(std::string_view api_version);

// What the writer probably meant, as a sentence; nullopt when nothing is near. The API server refuses such an
// object, so it is not judged. Requires: find_kind() knows nothing.
std::optional<std::string> near_kind(std::string_view api_version, std::string_view kind);

struct NearField {
  Mark mark = {};
  std::string message = {};
};

// Keys that differ from a field of a known kind only in case: the API server drops them with a warning.
// Keys that people choose themselves (labels, selectors, annotations) are left alone.
std::vector<NearField> near_fields(const Node& object);

}  // namespace berth::cli
