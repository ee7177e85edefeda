// ValidatingAdmissionPolicy and its binding. Source: admissionregistration.k8s.io/v1.
#include "kube/json/describe.h"

namespace berth::json {

static void describe(Archive& archive, AdmissionRule& rule) {
  member(archive, "resourceNames", rule.resource_names);
  member(archive, "operations", rule.operations);
  member(archive, "apiGroups", rule.api_groups);
  member(archive, "apiVersions", rule.api_versions);
  member(archive, "resources", rule.resources);
  member(archive, "scope", rule.scope);
}

static void describe(Archive& archive, AdmissionMatch& match) {
  member(archive, "namespaceSelector", match.namespace_selector);
  member(archive, "objectSelector", match.object_selector);
  member(archive, "resourceRules", match.resource_rules);
  member(archive, "excludeResourceRules", match.exclude_resource_rules);
  member(archive, "matchPolicy", match.match_policy);
}

static void describe(Archive& archive, AdmissionVariable& variable) {
  member(archive, "name", variable.name, Write::kAlways);
  member(archive, "expression", variable.expression, Write::kAlways);
}

static void describe(Archive& archive, AdmissionValidation& validation) {
  member(archive, "expression", validation.expression, Write::kAlways);
  member(archive, "message", validation.message);
  member(archive, "messageExpression", validation.message_expression);
  member(archive, "reason", validation.reason);
}

static void describe(Archive& archive, ExpressionWarning& warning) {
  member(archive, "fieldRef", warning.field_ref, Write::kAlways);
  member(archive, "warning", warning.warning, Write::kAlways);
}

static void describe(Archive& archive, TypeChecking& checking) {
  member(archive, "expressionWarnings", checking.expression_warnings);
}

void describe(Archive& archive, ValidatingAdmissionPolicy& policy) {
  member(archive, "metadata", policy.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    raw_member(archive, "paramKind", policy.spec.param_kind);
    member(archive, "failurePolicy", policy.spec.failure_policy);
    member(archive, "matchConstraints", policy.spec.match_constraints);
    member(archive, "matchConditions", policy.spec.match_conditions);
    member(archive, "variables", policy.spec.variables);
    member(archive, "validations", policy.spec.validations);
  });
  if (!archive.complete()) return;
  group(archive, "status", policy.status != ValidatingAdmissionPolicyStatus(), [&] {
    wide_member(archive, "observedGeneration", policy.status.observed_generation);
    member(archive, "typeChecking", policy.status.type_checking);
  });
}

void describe(Archive& archive, ValidatingAdmissionPolicyBinding& binding) {
  member(archive, "metadata", binding.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "policyName", binding.policy_name, Write::kAlways);
    raw_member(archive, "paramRef", binding.param_ref);
    member(archive, "matchResources", binding.match_resources);
    member(archive, "validationActions", binding.validation_actions, Write::kAlways);
  });
}

}  // namespace berth::json
