// Conformance checks on single objects: creation, concurrency, status, deletion.
#include "kube/json/heading.h"
#include "kube/testing/conformance_kit.h"
#include "kube/wire/request.h"
#include "kube/wire/status.h"

namespace berth::testing {
namespace {

const wire::Kind& kind() { return wire::kPortAllocation; }

Status creation_completes(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "create");
  PortAllocation wanted = kit.allocation("create");
  wanted.status.summary = "given at create";
  TRY(const PortAllocation made, kit.client().create(kind(), wanted));
  kit.clear<PortAllocation>(kind(), "create");
  TRY_DONE(expect(!made.meta.uid.empty(), "a uid"));
  TRY_DONE(expect(!made.meta.resource_version.empty(), "a resourceVersion"));
  TRY_DONE(expect(!made.meta.creation_timestamp.empty(), "a creationTimestamp"));
  TRY_DONE(expect(made.meta.generation == 1, "generation 1"));
  TRY_DONE(expect(made.spec == wanted.spec, "the spec as given"));
  TRY_DONE(expect(made.status.summary.empty(), "a status given at create to be dropped"));
  return expect(made.status.observed_generation == -1, "observedGeneration -1 by default");
}

Status second_creation_exists(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "twice");
  TRY_DONE(kit.client().create(kind(), kit.allocation("twice")));
  const auto again = kit.client().create(kind(), kit.allocation("twice"));
  kit.clear<PortAllocation>(kind(), "twice");
  return expect_code(again, Code::kExists, "a second create");
}

Status generated_names_differ(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  PortAllocation wanted = kit.allocation("x");
  wanted.meta.name.clear();
  wanted.meta.generate_name = kit.name("gen-");
  TRY(const PortAllocation first, kit.client().create(kind(), wanted));
  TRY(const PortAllocation second, kit.client().create(kind(), wanted));
  for (const PortAllocation& each : {first, second}) {
    TRY_DONE(kit.client().remove<PortAllocation>(kind(), each.meta.key(), {.uid = each.meta.uid}));
  }
  TRY_DONE(expect(first.meta.name.starts_with(wanted.meta.generate_name), "the prefix in the name"));
  return expect(first.meta.name != second.meta.name, "two names");
}

Status missing_is_not_found(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  TRY_DONE(expect_code(kit.client().get<PortAllocation>(kind(), kit.key("missing")), Code::kNotFound, "get"));
  TRY_DONE(expect_code(kit.client().remove<PortAllocation>(kind(), kit.key("missing"), {.uid = Uid{"x"}}),
                       Code::kNotFound, "delete"));
  return expect_code(kit.client().merge_patch<PortAllocation>(kind(), kit.key("missing"), "{}"),
                     Code::kNotFound, "merge patch");
}

Status stale_writes_conflict(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "stale");
  TRY(const PortAllocation old, kit.client().create(kind(), kit.allocation("stale")));
  PortAllocation next = old;
  next.spec.range_name = "changed";
  TRY(const PortAllocation now, kit.client().replace(kind(), next));
  TRY_DONE(expect(now.meta.resource_version != old.meta.resource_version, "a new version"));
  const auto put = kit.client().replace(kind(), old);
  const auto status = kit.client().replace_status(kind(), old);
  const auto patch = kit.client().merge_patch<PortAllocation>(
      kind(), old.meta.key(),
      R"({"metadata":{"resourceVersion":")" + old.meta.resource_version + R"("},"spec":{"rangeName":"x"}})");
  const auto wrong_uid = kit.client().merge_patch<PortAllocation>(
      kind(), old.meta.key(), R"({"metadata":{"uid":"not-it"},"spec":{"rangeName":"x"}})");
  kit.clear<PortAllocation>(kind(), "stale");
  TRY_DONE(expect_code(put, Code::kConflict, "PUT of an old version"));
  TRY_DONE(expect_code(status, Code::kConflict, "status PUT of an old version"));
  TRY_DONE(expect_code(patch, Code::kConflict, "merge patch of an old version"));
  return expect_code(wrong_uid, Code::kConflict, "merge patch with another uid");
}

Status replace_needs_a_version(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "noversion");
  TRY(PortAllocation made, kit.client().create(kind(), kit.allocation("noversion")));
  made.meta.resource_version.clear();
  made.spec.range_name = "changed";
  TRY(const http::Response response,
      setting.transport->exchange(wire::replace(kind(), made.meta.key(), json::encode(made), {}),
                                  std::chrono::seconds(10)));
  kit.clear<PortAllocation>(kind(), "noversion");
  return expect(response.status == 422, "422 for a PUT of a custom resource without a version, not " +
                                            std::to_string(response.status));
}

Status generation_counts_spec_changes(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "generation");
  TRY(PortAllocation now, kit.client().create(kind(), kit.allocation("generation")));
  now.status.summary = "api:1/TCP";
  TRY(now, kit.client().replace_status(kind(), now));
  const std::int64_t after_status = now.meta.generation;
  now.meta.labels["a"] = "b";
  TRY(now, kit.client().replace(kind(), now));
  const std::int64_t after_label = now.meta.generation;
  now.spec.range_name = "changed";
  TRY(now, kit.client().replace(kind(), now));
  kit.clear<PortAllocation>(kind(), "generation");
  TRY_DONE(expect(after_status == 1, "a status change to leave the generation"));
  TRY_DONE(expect(after_label == 1, "a label change to leave the generation"));
  return expect(now.meta.generation == 2, "a spec change to count");
}

Status spec_and_status_are_apart(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "apart");
  TRY(PortAllocation now, kit.client().create(kind(), kit.allocation("apart")));
  PortAllocation mixed = now;
  mixed.spec.range_name = "by-status";
  mixed.status.summary = "by status";
  TRY(now, kit.client().replace_status(kind(), mixed));
  const bool spec_kept = now.spec.range_name == "conformance" && now.status.summary == "by status";
  mixed = now;
  mixed.spec.range_name = "by-spec";
  mixed.status.summary = "by spec";
  TRY(now, kit.client().replace(kind(), mixed));
  kit.clear<PortAllocation>(kind(), "apart");
  TRY_DONE(expect(spec_kept, "a status PUT to touch the status only"));
  return expect(now.spec.range_name == "by-spec" && now.status.summary == "by status",
                "a PUT to leave the status");
}

Status idle_writes_make_no_version(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "idle");
  TRY(PortAllocation made, kit.client().create(kind(), kit.allocation("idle")));
  // A first status write adds the fields that the default leaves out.
  TRY(made, kit.client().replace_status(kind(), made));
  TRY(const PortAllocation put, kit.client().replace(kind(), made));
  TRY(const PortAllocation status, kit.client().replace_status(kind(), made));
  TRY(const PortAllocation patched, kit.client().merge_patch<PortAllocation>(
                                        kind(), made.meta.key(), R"({"spec":{"rangeName":"conformance"}})"));
  kit.clear<PortAllocation>(kind(), "idle");
  TRY_DONE(
      expect(put.meta.resource_version == made.meta.resource_version, "an idle PUT to keep the version"));
  TRY_DONE(expect(status.meta.resource_version == made.meta.resource_version,
                  "an idle status PUT to keep the version"));
  return expect(patched.meta.resource_version == made.meta.resource_version,
                "an idle merge patch to keep the version");
}

Status delete_has_preconditions(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "delete");
  TRY(const PortAllocation made, kit.client().create(kind(), kit.allocation("delete")));
  const ObjectKey key = made.meta.key();
  TRY_DONE(expect_code(kit.client().remove<PortAllocation>(kind(), key, {.uid = Uid{"not-it"}}),
                       Code::kConflict, "delete of another uid"));
  TRY_DONE(expect_code(
      kit.client().remove<PortAllocation>(kind(), key, {.uid = made.meta.uid, .resource_version = "1"}),
      Code::kConflict, "delete of another version"));
  TRY(const auto left, kit.client().remove<PortAllocation>(kind(), key, {.uid = made.meta.uid}));
  TRY_DONE(expect(!left.has_value(), "the object to be gone"));
  return expect_code(kit.client().get<PortAllocation>(kind(), key), Code::kNotFound, "get after delete");
}

Status finalizers_hold(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "held");
  PortAllocation wanted = kit.allocation("held");
  wanted.meta.finalizers = {"berth.dev/conformance"};
  TRY(const PortAllocation made, kit.client().create(kind(), wanted));
  TRY(const auto left, kit.client().remove<PortAllocation>(kind(), made.meta.key(), {.uid = made.meta.uid}));
  TRY_DONE(expect(left.has_value() && left->meta.deleting(), "the object to stand with a deletionTimestamp"));
  PortAllocation freed = *left;
  freed.meta.finalizers.clear();
  TRY_DONE(kit.client().replace(kind(), freed));
  return expect_code(kit.client().get<PortAllocation>(kind(), made.meta.key()), Code::kNotFound,
                     "get after the last finalizer went");
}

Status answers_can_be_metadata_only(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<PortAllocation>(kind(), "partial");
  TRY(const PortAllocation made, kit.client().create(kind(), kit.allocation("partial")));
  TRY(const http::Response response,
      setting.transport->exchange(wire::get(kind(), made.meta.key(), wire::Reply::kMetadata),
                                  std::chrono::seconds(10)));
  kit.clear<PortAllocation>(kind(), "partial");
  TRY(const json::Heading heading, json::decode_heading(response.body));
  TRY_DONE(expect(heading.kind == "PartialObjectMetadata", "a PartialObjectMetadata, not " + heading.kind));
  return expect(heading.meta.uid == made.meta.uid && response.body.find(R"("spec":)") == std::string::npos,
                "metadata and nothing else");
}

Status leases_compare_and_swap(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  kit.clear<Lease>(wire::kLease, "lease");
  Lease wanted = make_lease(setting.ns, kit.name("lease"), "a", 15);
  wanted.renew_time = wanted.acquire_time = "2026-01-01T00:00:00.000000Z";
  TRY(const Lease made, kit.client().create(wire::kLease, wanted));
  TRY_DONE(expect(made.holder == "a" && made.transitions == 0 && made.renew_time == wanted.renew_time,
                  "the lease as written"));
  Lease next = made;
  next.holder = "b";
  next.transitions = 1;
  TRY(const Lease taken, kit.client().replace(wire::kLease, next));
  const auto late = kit.client().replace(wire::kLease, made);
  Lease released = taken;
  released.holder.clear();
  TRY(const Lease empty, kit.client().replace(wire::kLease, released));
  kit.clear<Lease>(wire::kLease, "lease");
  TRY_DONE(expect_code(late, Code::kConflict, "a PUT of the old version"));
  return expect(empty.holder.empty() && empty.transitions == 1, "a lease without a holder");
}

Status selectors_select(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  const std::vector<std::string> suffixes = {"select-a", "select-b", "select-c"};
  for (const std::string& suffix : suffixes) {
    kit.clear<PortAllocation>(kind(), suffix);
    PortAllocation wanted = kit.allocation(suffix);
    wanted.meta.labels = {{"conformance", suffix == "select-c" ? "no" : "yes"}};
    TRY_DONE(kit.client().create(kind(), wanted));
  }
  TRY(const auto chosen,
      kit.client().list<PortAllocation>(kind(), setting.ns, {.labels = "conformance=yes"}));
  TRY(const auto named, kit.client().list<PortAllocation>(
                            kind(), setting.ns, {.fields = "metadata.name=" + kit.name("select-b")}));
  for (const std::string& suffix : suffixes) kit.clear<PortAllocation>(kind(), suffix);
  TRY_DONE(expect(chosen.items.size() == 2, "two objects with the label"));
  return expect(named.items.size() == 1 && named.items[0].meta.name == kit.name("select-b"),
                "one object of the name");
}

Status pages_make_the_whole(const ConformanceSetting& setting) {
  const ConformanceKit kit(setting);
  constexpr int kCount = 7;
  for (int i = 0; i < kCount; ++i) {
    const std::string suffix = "page-" + std::to_string(i);
    kit.clear<PortAllocation>(kind(), suffix);
    PortAllocation wanted = kit.allocation(suffix);
    wanted.meta.labels = {{"conformance", "page"}};
    TRY_DONE(kit.client().create(kind(), wanted));
  }
  client::Client::Config config;
  config.page_size = 3;
  const client::Client paging(*setting.transport, config);
  const client::Selectors selectors{.labels = "conformance=page"};
  TRY(const auto pages, paging.list<PortAllocation>(kind(), setting.ns, selectors));
  TRY(const auto whole, kit.client().list<PortAllocation>(kind(), setting.ns, selectors));
  for (int i = 0; i < kCount; ++i) kit.clear<PortAllocation>(kind(), "page-" + std::to_string(i));
  TRY_DONE(expect(whole.items.size() == kCount, "all objects in one answer"));
  return expect(pages.items == whole.items, "the same objects in pages");
}

}  // namespace

std::vector<ConformanceCheck> object_checks() {
  return {
      {"a created object is complete and its status is dropped", creation_completes},
      {"a second object of one name is refused as existing", second_creation_exists},
      {"generated names differ", generated_names_differ},
      {"what is missing is not found", missing_is_not_found},
      {"writes to an old version conflict", stale_writes_conflict},
      {"a custom resource is not replaced without a version", replace_needs_a_version},
      {"the generation counts changes of the spec", generation_counts_spec_changes},
      {"spec and status are written apart", spec_and_status_are_apart},
      {"a write that changes nothing makes no version", idle_writes_make_no_version},
      {"a delete with a failed precondition conflicts", delete_has_preconditions},
      {"finalizers hold a deleted object", finalizers_hold},
      {"answers can be metadata only", answers_can_be_metadata_only},
      {"leases compare and swap", leases_compare_and_swap},
      {"selectors select", selectors_select},
      {"pages make the whole list", pages_make_the_whole},
  };
}

}  // namespace berth::testing
