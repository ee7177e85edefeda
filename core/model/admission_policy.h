// ValidatingAdmissionPolicy and its binding: checks that the API server makes itself, written in CEL.
//
// Every field by which such an object could be made to look away is here, also those Berth never sets: who
// compares must see them. Source: admissionregistration.k8s.io/v1 (KEP-3488).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/cluster_objects.h"
#include "core/model/meta.h"

namespace berth {

struct AdmissionRule {
  std::vector<std::string> operations = {};
  std::vector<std::string> api_groups = {};
  std::vector<std::string> api_versions = {};
  std::vector<std::string> resources = {};
  std::vector<std::string> resource_names = {};
  std::string scope = {};

  bool operator==(const AdmissionRule&) const = default;
};

// matchConstraints of a policy, matchResources of a binding.
struct AdmissionMatch {
  LabelSelector namespace_selector = {};
  LabelSelector object_selector = {};
  std::vector<AdmissionRule> resource_rules = {};
  std::vector<AdmissionRule> exclude_resource_rules = {};
  std::string match_policy = {};  // Exact, Equivalent

  bool operator==(const AdmissionMatch&) const = default;
};

struct AdmissionVariable {
  std::string name = {};
  std::string expression = {};

  bool operator==(const AdmissionVariable&) const = default;
};

struct AdmissionValidation {
  std::string expression = {};
  std::string message = {};
  std::string message_expression = {};
  std::string reason = {};

  bool operator==(const AdmissionValidation&) const = default;
};

struct ValidatingAdmissionPolicySpec {
  std::string param_kind = {};      // as JSON; "" = none
  std::string failure_policy = {};  // Fail, Ignore
  AdmissionMatch match_constraints = {};
  std::vector<MatchCondition> match_conditions = {};
  std::vector<AdmissionVariable> variables = {};
  std::vector<AdmissionValidation> validations = {};

  bool operator==(const ValidatingAdmissionPolicySpec&) const = default;
};

// What the API server's type check says of one expression.
struct ExpressionWarning {
  std::string field_ref = {};
  std::string warning = {};

  bool operator==(const ExpressionWarning&) const = default;
};

struct TypeChecking {
  std::vector<ExpressionWarning> expression_warnings = {};

  bool operator==(const TypeChecking&) const = default;
};

struct ValidatingAdmissionPolicyStatus {
  std::int64_t observed_generation = 0;
  std::optional<TypeChecking> type_checking = {};  // absent: not checked yet

  bool operator==(const ValidatingAdmissionPolicyStatus&) const = default;
};

struct ValidatingAdmissionPolicy {
  Meta meta = {};
  ValidatingAdmissionPolicySpec spec = {};
  ValidatingAdmissionPolicyStatus status = {};

  bool operator==(const ValidatingAdmissionPolicy&) const = default;
};

struct ValidatingAdmissionPolicyBinding {
  Meta meta = {};
  std::string policy_name = {};
  std::string param_ref = {};                          // as JSON; "" = none
  std::optional<AdmissionMatch> match_resources = {};  // absent = all that the policy matches
  std::vector<std::string> validation_actions = {};    // Deny, Warn, Audit

  bool operator==(const ValidatingAdmissionPolicyBinding&) const = default;
};

}  // namespace berth
