// Occupancy: which numbers observed Services and Pods use, whoever declared them; and which numbers no
// outside exposure may have.
//
// Derived from what is observed: from all of it, or from what was there before and what has changed
// (Uses::Edit). Counted are nodePort, healthCheckNodePort
// and the hidden node ports of LoadBalancers (space NodePort); the ports of LoadBalancer Services (space
// Service: they may share one address; ports of other Services are private to their cluster IP and do not
// count); hostPorts of Pods on their node (space HostPort). Thread-safety: as any value; copies share what
// neither has changed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/allocation/ledger.h"
#include "core/allocation/shown_by_owner.h"
#include "core/allocation/space.h"
#include "core/base/shared_map.h"
#include "core/model/exposure_policy.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::allocation {

// The UID of the allocation that the object was generated for; empty when it is nobody's. Its controller
// ownerReference says so or, when it has none, its labels; and its name must be one that the allocation
// generates: a copy that somebody made under another name is not ours.
Uid generated_for(const Meta& meta);

struct Use {
  std::string holder = {};       // "Service data/web (nodePort)", for messages
  std::vector<Uid> owners = {};  // the allocations it was generated for or serves, empty for foreign objects

  auto operator<=>(const Use&) const = default;
};

class Uses {
 public:
  Uses() = default;
  explicit Uses(const std::vector<const Service*>& services);
  // Host ports need to know whose pods they are: an allocation's own pods may use its numbers.
  Uses(const std::vector<const Service*>& services, const std::vector<const Workload*>& pods,
       const std::vector<const PortAllocation*>& allocations);

  // Changes what Services use: as dear as the change, however many there are. The uses must outlive it, and
  // must not be copied or edited otherwise as long as it lives.
  class Edit;
  // Adds what pods use; the allocations are those that might select them.
  void add_pods(const std::vector<const Workload*>& pods,
                const std::vector<const PortAllocation*>& allocations);

  // A number that the API server says is allocated although no observed object has it: a Service that is
  // not seen yet, or one whose creation was cut off before it was stored (the server frees that number only
  // by its repair loop, minutes later).
  void contest(Space space, const NumberKey& key) { contested_.insert({space, key}); }

  // The Service waits to be adopted by `owner` (adoption.h): its numbers count as the owner's already.
  // Requires: it is one of those observed.
  void adopt(const Service& service, const Uid& owner);
  // Does a Service wait for it?
  [[nodiscard]] bool adopts(const Uid& owner) const { return adopters_.contains(owner); }

  // Is it contested, and not by a Service generated for `owner`?
  [[nodiscard]] bool contested(const Uid& owner, Space space, const NumberKey& key) const {
    return contested_.contains({space, key}) && !used_by(owner, space, key);
  }

  // Whoever uses that number and is not the allocation `owner`; nullptr when nobody does.
  [[nodiscard]] const Use* other_than(const Uid& owner, Space space, const NumberKey& key) const;
  // Does a Service generated for `owner` show the number, as nodePort or as port, or a pod of its own as
  // hostPort? Also a Service that occupies nothing, a ClusterIP: its number must not be released before it is
  // gone.
  [[nodiscard]] bool used_by(const Uid& owner, Space space, const NumberKey& key) const {
    return shown_.shows(owner, space, key);
  }
  // External: used, under just this key, by an object that is not of a holder of the ledger's entries that
  // conflict with it (there may be none at all).
  [[nodiscard]] const Use* external(const Ledger& ledger, const NumberKey& key) const;
  // Every key in use in that space.
  [[nodiscard]] std::vector<NumberKey> keys(Space space) const;

 private:
  struct PartOfNumber {  // in order, and protocols and nodes of a number together
    std::size_t operator()(const NumberKey& key) const {
      return static_cast<std::size_t>(shard_of(key.port));
    }
  };
  using ByNumber = SharedMap<NumberKey, std::vector<Use>, PartOfNumber>;

  [[nodiscard]] const ByNumber& in(Space space) const { return uses_[static_cast<std::size_t>(space)]; }

  std::array<ByNumber, kSpaces.size()> uses_;
  ShownByOwner shown_;  // by generated Services, and by pods
  std::set<std::pair<Space, NumberKey>> contested_;
  std::set<Uid> adopters_;
};

class Uses::Edit {
 public:
  explicit Edit(Uses& uses);

  void add(const Service& service);
  // Requires: it was added, as it is here.
  void remove(const Service& service);

 private:
  friend class Uses;

  ByNumber::Editor& in(Space space) { return uses_[static_cast<std::size_t>(space)]; }
  void use(Space space, const NumberKey& key, Use use);
  void use_no_more(Space space, const NumberKey& key, const Use& use);

  std::array<ByNumber::Editor, kSpaces.size()> uses_;
  ShownByOwner::Editor shown_;
};

// The numbers that a Service occupies in a space.
std::vector<NumberKey> numbers_of(const Service& service, Space space);
// The numbers that a Service shows, as nodePort or as port, whatever its type.
std::vector<NumberKey> numbers_shown(const Service& service, Space space);

// Numbers that ExposurePolicies list as internal, as far as outside exposure is concerned.
class InternalNumbers {
 public:
  InternalNumbers() = default;
  explicit InternalNumbers(const std::vector<const ExposurePolicy*>& policies);

  struct Finding {
    std::string policy = {};
    std::string service = {};  // what the policy says lives there, may be empty
  };

  // The first policy (by name) to which the number is internal, whatever its namespaceSelector. Inside one
  // policy an exact number beats a span, between equals internal wins (docs/reference/api.md).
  [[nodiscard]] std::optional<Finding> find(Port port, Protocol protocol) const;
  // The same, only policies in force in a namespace with these labels; nullptr = unknown labels: all of them.
  [[nodiscard]] std::optional<Finding> find(Port port, Protocol protocol,
                                            const Labels* namespace_labels) const;

 private:
  struct Line {
    PortSpan span;
    Protocol protocol;
    bool internal;
    std::string service;
  };
  struct Policy {
    std::string name;
    LabelSelector namespace_selector;
    std::vector<Line> lines;
  };
  std::vector<Policy> policies_;  // by name
};

}  // namespace berth::allocation
