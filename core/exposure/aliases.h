// Aliases: ExternalName Services whose name leads back into the cluster, to another Service, perhaps of
// another namespace (exposure.md rows 12 and 13; CVE-2021-25740 is the same by other means).
//
// An alias changes the name and never the number: whoever connects to its port N arrives at port N of the
// Service behind it. Thread-safety: pure functions over constant facts.
#pragma once

#include <cstdint>
#include <vector>

#include "core/exposure/facts.h"

namespace berth::exposure {

// The Service at the end of a chain of aliases, itself for one that is no alias; nullptr when the name leads
// out of the cluster, to a Service that is not there, or in a circle.
const Service* stands_for(const Service& service, const Facts& facts);

// Every ExternalName Service that leads to this one, through others too, each once.
std::vector<const Service*> aliases_of(const Service& service, const Facts& facts);

// The number that is connected to at a port of an alias.
std::int64_t number_of(const ServicePort& port);

// The same when `target` names the alias; 0: it names, by name, a port that the alias does not have.
std::int64_t number_behind(const Service& alias, const EntranceTarget& target);

// A place in an entrance that names an alias.
struct AliasTarget {
  const Entrance* entrance;
  const EntranceTarget* target;
  const Service* alias;  // that the target names
};
std::vector<AliasTarget> targets_naming(const std::vector<const Service*>& aliases, const Facts& facts);

}  // namespace berth::exposure
