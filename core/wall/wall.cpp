#include "core/wall/wall.h"

#include <array>
#include <utility>

#include "core/base/api_names.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/wording.h"
#include "core/wall/cel.h"
#include "core/wall/internal_numbers.h"
#include "core/wall/pod_wall.h"
#include "core/wall/service_wall.h"

namespace berth::wall {
namespace {

struct Matched {
  const char* group;
  std::vector<std::string> resources;
};

// One policy is type-checked against every kind it matches, so each has only kinds of one form.
struct Form {
  const char* name;
  const char* pod_path;  // where the pod spec stands; "" = a Service
  std::vector<Matched> matched;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"services", "", {{"", {"services", "services/status"}}}},
      {"pods", "spec", {{"", {"pods"}}}},
      {"templates",
       "spec.template.spec",
       {{"", {"replicationcontrollers"}},
        {"apps", {"deployments", "statefulsets", "daemonsets", "replicasets"}},
        {"batch", {"jobs"}}}},
      {"cronjobs", "spec.jobTemplate.spec.template.spec", {{"batch", {"cronjobs"}}}},
      {"podtemplates", "template.spec", {{"", {"podtemplates"}}}},
  };
  return all;
}

AdmissionMatch match_of(const Form& form, const ExposurePolicy& policy, const WallOptions& options) {
  AdmissionMatch match;
  match.namespace_selector = policy.spec.namespace_selector;
  if (!options.excluded_namespaces.empty()) {
    match.namespace_selector.match_expressions.push_back(
        {kNamespaceNameLabel, "NotIn", options.excluded_namespaces});
  }
  for (const Matched& matched : form.matched) {
    match.resource_rules.push_back(
        {{"CREATE", "UPDATE"}, {matched.group}, {"v1"}, matched.resources, {}, "Namespaced"});
  }
  match.match_policy = "Equivalent";
  return match;
}

std::vector<MatchCondition> conditions_of(const Form& form, const WallOptions& options) {
  std::vector<MatchCondition> conditions = {
      {"not-a-node", "!(\"system:nodes\" in request.userInfo.groups)"},
      {"not-being-deleted", "!has(object.metadata.deletionTimestamp)"},
  };
  const bool is_service = *form.pod_path == '\0';
  if (!is_service) {
    // A template that stands may make its pods again, whatever is forbidden by now.
    conditions.push_back({"not-made-by-a-controller",
                          "!has(object.metadata.ownerReferences) || !object.metadata.ownerReferences.exists("
                          "owner, has(owner.controller) && owner.controller)"});
  } else if (!options.operator_user.empty()) {
    conditions.push_back(
        {"not-the-berth-operator", "request.userInfo.username != " + cel_string(options.operator_user)});
  }
  return conditions;
}

AdmissionValidation validation_of(const Form& form) {
  const bool is_service = *form.pod_path == '\0';
  AdmissionValidation validation;
  validation.expression = "variables.added.size() == 0";
  validation.message = "an internal port would be reachable from outside the cluster";
  validation.message_expression =
      std::string(is_service ? "variables.added[0]" : "variables.added[0][0]") + " + " +
      cel_string("; fix: " +
                 std::string(is_service ? "make the Service ClusterIP, without externalIPs"
                                        : "remove hostPort and hostNetwork") +
                 ", or " + exposure::kAskForException);
  validation.reason = "Forbidden";
  return validation;
}

ValidatingAdmissionPolicySpec spec_of(const Form& form, const ExposurePolicy& policy,
                                      const InternalNumbers& numbers, const WallOptions& options) {
  ValidatingAdmissionPolicySpec spec;
  spec.failure_policy = "Fail";
  spec.match_constraints = match_of(form, policy, options);
  spec.match_conditions = conditions_of(form, options);
  spec.variables = {{"names", numbers.names()},
                    {"versions", "oldObject == null ? [object] : [object, oldObject]"},
                    {"each", "[0, 1].filter(i, i < variables.versions.size())"}};
  const std::string why = " is internal by " + exposure::policies_text({policy.meta.name}) +
                          " and would be reachable from outside the cluster: ";
  if (*form.pod_path == '\0') {
    add_service_openings(numbers, why, spec);
  } else {
    add_pod_openings(numbers, why, form.pod_path, spec);
  }
  spec.validations.push_back(validation_of(form));
  return spec;
}

std::string suffix_of(const Form& form) { return std::string(".") + form.name + "." + kWallSuffix; }

Meta meta_of(const Form& form, const ExposurePolicy& policy, const WallOptions& options) {
  Meta meta;
  meta.name = policy.meta.name + suffix_of(form);
  meta.labels = {{kManagedByLabel, kManagedByValue}};
  if (options.keeper == Keeper::kApiServer) meta.name += ".static.k8s.io";  // KEP-5793
  if (options.keeper != Keeper::kOperator) return meta;
  meta.labels[kWallLabel] = form.name;
  OwnerReference owner{kApiVersion, "ExposurePolicy", policy.meta.name, policy.meta.uid, true};
  owner.block_owner_deletion = false;
  meta.owner_references.push_back(std::move(owner));
  return meta;
}

}  // namespace

std::string policy_of(const std::string& name) {
  for (const Form& form : forms()) {
    const std::string suffix = suffix_of(form);
    if (name.size() > suffix.size() && name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  }
  return "";
}

Wall make_wall(const ExposurePolicy& policy, const WallOptions& options, Instant now) {
  const exposure::PolicyTable table(policy);
  const InternalNumbers numbers(table, now);
  Wall wall;
  wall.changes_at = numbers.changes_at();
  if (numbers.empty()) return wall;
  const std::string& action = policy.spec.action;
  for (const Form& form : forms()) {
    ValidatingAdmissionPolicy made;
    made.meta = meta_of(form, policy, options);
    made.spec = spec_of(form, policy, numbers, options);
    ValidatingAdmissionPolicyBinding binding;
    binding.meta = made.meta;
    binding.policy_name = made.meta.name;
    binding.validation_actions = {action == "Warn" || action == "Audit" ? action : "Deny"};
    wall.policies.push_back(std::move(made));
    wall.bindings.push_back(std::move(binding));
  }
  return wall;
}

}  // namespace berth::wall
