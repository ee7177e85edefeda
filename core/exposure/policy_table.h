// PolicyTable: an ExposurePolicy made ready for questions.
//
// Compiled once per judgement (some microseconds) or kept by the caller. It points into the policy, which
// must outlive it. Thread-safety: constant after construction.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cidr.h"
#include "core/base/instant.h"
#include "core/base/port.h"
#include "core/base/result.h"
#include "core/exposure/way_out.h"
#include "core/model/exposure_policy.h"

namespace berth::exposure {

// One span of one line of `external` or `internal`.
struct Listing {
  PortSpan span;
  bool exact = false;  // a single number, however it is written
  bool internal = false;
  const PolicyPort* entry = nullptr;
  std::optional<Instant> refused_from = {};  // deprecated.after
};

class PolicyTable {
 public:
  explicit PolicyTable(const ExposurePolicy& policy);

  [[nodiscard]] const ExposurePolicy& policy() const { return *policy_; }
  // Entries that cannot be read and therefore count for nothing, by field. The CRD schema refuses them; they
  // are reported, not enforced, because a policy that denies everything would lock the cluster.
  [[nodiscard]] const std::vector<Error>& issues() const { return issues_; }

  // The listings that decide for a number: an exact number beats a range, then internal beats external. All
  // of one rank; empty = not listed. Numbers that are no port are never listed.
  [[nodiscard]] std::vector<const Listing*> standing(std::int64_t number, Protocol protocol) const;

  // All numbers of a protocol for which `internal` decides; normalized.
  [[nodiscard]] std::vector<PortSpan> internal_spans(Protocol protocol) const;

  // The exception in force at `now` for exactly this workload, via, protocol and number, or nullptr; of a way
  // by Custom only workload and via count. The end of an exception belongs to the time without it.
  [[nodiscard]] const ExposureException* exception(const WayOut& way, std::int64_t number, Instant now) const;

  // While no workload is selected: the exception that would hold if its own workload were. Only for the words
  // of a denial; or nullptr.
  [[nodiscard]] const ExposureException* awaited_exception(const WayOut& way, std::int64_t number,
                                                           Instant now) const;

  // The exceptions in force at `now`, whatever they are for.
  [[nodiscard]] std::vector<const ExposureException*> exceptions(Instant now) const;

  // The times at which what it says changes by itself.
  [[nodiscard]] std::vector<Instant> ends_of_exceptions() const;
  [[nodiscard]] std::vector<Instant> refusals() const;  // of deprecated ports

  // Every address of `range` lies in one of the named networks. A network that is not declared is empty.
  [[nodiscard]] bool inside(const Cidr& range, const std::vector<std::string>& networks) const;

 private:
  void list(const PolicyPort& entry, bool internal, const std::string& field);

  const ExposurePolicy* policy_;
  std::array<std::vector<Listing>, 3> listings_ = {};  // by protocol, those that decide first in front
  std::map<std::string, std::vector<Cidr>> networks_ = {};
  std::vector<std::pair<const ExposureException*, Instant>> exceptions_ = {};  // with their end
  std::vector<Error> issues_ = {};
};

}  // namespace berth::exposure
