// Resource: an object of a cluster as people name it to kubectl, "svc/web".
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/exposure/fact_index.h"
#include "core/exposure/facts.h"
#include "kube/adapters/table.h"

namespace berth::cli {

struct Resource {
  std::string kind = {};  // "Service"; of an adapter the kind as it is shown
  std::string name = {};

  bool operator==(const Resource&) const = default;
};

// KIND/NAME with a kind that ways out are made of, by any of the names that kubectl knows it by (Service,
// services, svc). nullopt for anything else, which may be a path.
std::optional<Resource> parse_resource(std::string_view text, const adapters::Table& table);

// The object of that kind and name that is there; nullopt when there is none.
std::optional<exposure::Subject> find_resource(const Resource& resource, const std::string& ns,
                                               const exposure::FactIndex& facts);

}  // namespace berth::cli
