// Account: what one policy says of one way out and why, also where it lets it out.
//
// For people who ask (berth explain); a judgement needs objections only. Thread-safety: pure function.
#pragma once

#include <string>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/verdict.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

struct Account {
  std::string policy = {};
  bool in_force = true;  // its selector takes in a namespace on the way
  bool audit_only = false;
  Decision decision = Decision::kAllow;
  std::string rule = {};  // of rule_catalogue.h, "" when it does not object
  std::string why = {};
  std::string fix = {};  // "" when it does not object

  bool operator==(const Account&) const = default;
};

Account account(const WayOut& way, const PolicyTable& table, const Facts& facts, Instant now,
                bool judged_is_workload);

}  // namespace berth::exposure
