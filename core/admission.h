// What the webhook asks: may this manifest in?
//
// judge() is pure: the same request, facts and time give the same verdict in the webhook, in `berth lint` and
// in the audit. Source of the rules: docs/reference/api.md, "How a way out is judged". Thread-safety: pure
// function over values; `Facts` must not change during the call.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/verdict.h"

namespace berth {

enum class Operation { kCreate, kUpdate, kDelete };

// The objects exposure is judged on. Kinds that cannot open a way out do not come here.
using Judged = std::variant<Service, Workload, Entrance, Gateway, ReferenceGrant, EndpointSlice,
                            NetworkPolicy, NetworkSet, Advertisement, Backend>;

struct AdmissionRequest {
  Operation operation = Operation::kCreate;
  bool dry_run = false;                   // auto-assigned numbers are then not known (dummy 32769)
  std::optional<Judged> object = {};      // absent on DELETE
  std::optional<Judged> old_object = {};  // UPDATE and DELETE
};

using exposure::Decision;
using exposure::Finding;
using exposure::to_string;
using exposure::Verdict;

// Only what the request adds or widens is judged (ratchet), and only by policies that are in force for a
// namespace on the way. DELETE of anything but a NetworkPolicy, and updates of an object that is being
// deleted, open nothing. Numbers that
// are no port (the API server refuses them; a linter has nobody behind it) are denied whenever a policy is in
// force.
Verdict judge(const AdmissionRequest& request, const exposure::Facts& facts, Instant now);

class NumberBooks;

// The same, joined with what declared ranges say of the numbers that the request uses (undeclared_numbers.h).
Verdict judge(const AdmissionRequest& request, const exposure::Facts& facts, const NumberBooks& books,
              Instant now);

// What the API server is told.
struct Outcome {
  bool allowed = true;
  std::string message = {};                // the denial text of docs/reference/api.md, "" when allowed
  std::vector<std::string> warnings = {};  // one line each, at most 256 characters (admission/v1)
  std::vector<std::string> audit = {};     // one line per audit-only finding

  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const Verdict& verdict);

}  // namespace berth
