// Conformance checks on server-side apply: whose fields are whose.
#include "kube/json/patch.h"
#include "kube/testing/conformance_kit.h"

namespace berth::testing {
namespace {

const wire::Kind& kind() { return wire::kService; }

Status apply_creates_and_rests(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "apply");
  Service wanted = kit.service("apply", {make_service_port(80, {}, 0, "http")}, "ClusterIP");
  wanted.meta.labels = {{"a", "1"}, {"b", "2"}};
  TRY(const Service made, kit.client().apply(kind(), wanted, false));
  TRY(const Service again, kit.client().apply(kind(), wanted, false));
  wanted.meta.labels.erase("b");
  TRY(const Service less, kit.client().apply(kind(), wanted, false));
  kit.clear<Service>(kind(), "apply");
  TRY_DONE(expect(!made.meta.uid.empty(), "apply to create"));
  TRY_DONE(
      expect(again.meta.resource_version == made.meta.resource_version, "an idle apply to keep the version"));
  return expect(less.meta.labels == Labels{{"a", "1"}}, "a label that is no longer applied to go");
}

Status foreign_fields_conflict(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  const client::Client other = kit.as_manager("conformance-other");
  kit.clear<Service>(kind(), "foreign");
  const Service wanted =
      kit.service("foreign", {make_service_port(80, std::int64_t{8080}, 0, "http")}, "ClusterIP");
  TRY(const Service made, kit.client().apply(kind(), wanted, false));
  // Somebody else takes the target, and adds a port and a label.
  Service theirs = made;
  theirs.ports[0].target_port = std::int64_t{9090};
  theirs.ports.push_back(make_service_port(81, {}, 0, "extra"));
  theirs.meta.labels["theirs"] = "yes";
  TRY_DONE(other.replace(kind(), theirs));
  const auto refused = kit.client().apply(kind(), wanted, false);
  TRY(const Service forced, kit.client().apply(kind(), wanted, true));
  kit.clear<Service>(kind(), "foreign");
  TRY_DONE(expect_code(refused, Code::kConflict, "apply over a foreign field"));
  TRY_DONE(expect(forced.ports[0].target_port == TargetPort(std::int64_t{8080}), "force to win"));
  TRY_DONE(expect(forced.meta.labels.contains("theirs"), "a foreign label to survive"));
  return expect(forced.ports.size() == 2, "a foreign port to survive a forced apply");
}

Status apply_and_selectors(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  const client::Client other = kit.as_manager("conformance-other");
  kit.clear<Service>(kind(), "selector");
  const Service wanted = kit.service("selector", {make_service_port(80, {}, 0, "http")}, "ClusterIP");
  TRY_DONE(kit.client().apply(kind(), wanted, false));
  TRY_DONE(other.merge_patch<Service>(kind(), wanted.meta.key(), R"({"spec":{"selector":{"extra":"key"}}})"));
  TRY(const Service forced, kit.client().apply(kind(), wanted, true));
  kit.clear<Service>(kind(), "selector");
  return expect(forced.selector == wanted.selector, "an added selector key to be removed by a forced apply");
}

Status apply_knows_a_successor(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "uid");
  Service wanted = kit.service("uid", {make_service_port(80, {}, 0, "http")}, "ClusterIP");
  wanted.meta.uid = Uid{"00000000-0000-0000-0000-00000000dead"};
  const auto missing = kit.client().apply(kind(), wanted, true);
  kit.clear<Service>(kind(), "uid");
  return expect_code(missing, Code::kConflict, "apply with a uid to an object that is gone");
}

Status patches_keep_foreign_fields(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Service>(kind(), "patch");
  Service wanted = kit.service("patch", {make_service_port(80, {}, 0, "http")}, "ClusterIP");
  wanted.meta.annotations = {{"theirs", "kept"}};
  TRY(const Service made, kit.client().create(kind(), wanted));
  json::MergePatch patch;
  patch.only_if(made.meta).set_label("ours", "set").set_ports({make_service_port(81, {}, 0, "http")});
  TRY(const Service patched, kit.client().merge_patch<Service>(kind(), made.meta.key(), patch.text()));
  kit.clear<Service>(kind(), "patch");
  TRY_DONE(expect(patched.meta.annotations.contains("theirs"), "a foreign annotation to survive"));
  TRY_DONE(expect(patched.meta.labels.contains("ours"), "our label"));
  return expect(patched.ports.size() == 1 && patched.ports[0].port == 81,
                "the port list to be replaced whole");
}

}  // namespace

std::vector<ConformanceCheck> apply_checks() {
  return {
      {"apply creates, rests, and takes back what is no longer applied", apply_creates_and_rests},
      {"a field of another manager conflicts unless forced", foreign_fields_conflict},
      {"a forced apply removes an added selector key", apply_and_selectors},
      {"apply with a uid does not make a successor", apply_knows_a_successor},
      {"a merge patch keeps foreign fields and replaces lists", patches_keep_foreign_fields},
  };
}

}  // namespace berth::testing
