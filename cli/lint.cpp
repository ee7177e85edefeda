#include "cli/lint.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "cli/files_facts.h"
#include "core/number_books.h"

namespace berth::cli {
namespace {

using ByIdentity = std::map<std::string, const Object*>;

std::optional<Judged> judged_model(const Object& object) {
  if (const auto* service = std::get_if<Service>(&object.model)) return *service;
  if (const auto* workload = std::get_if<Workload>(&object.model)) return *workload;
  if (const auto* entrance = std::get_if<Entrance>(&object.model)) return *entrance;
  if (const auto* gateway = std::get_if<Gateway>(&object.model)) return *gateway;
  if (const auto* slice = std::get_if<EndpointSlice>(&object.model)) return *slice;
  if (const auto* advertisement = std::get_if<Advertisement>(&object.model)) return *advertisement;
  if (const auto* policy = std::get_if<NetworkPolicy>(&object.model)) return *policy;
  if (const auto* grant = std::get_if<ReferenceGrant>(&object.model)) return *grant;
  return std::nullopt;
}

const PortRange* range_of(const Object& object) { return std::get_if<PortRange>(&object.model); }

bool is_policy(const Object& object) { return std::holds_alternative<ExposurePolicy>(object.model); }

// What two findings of one way have in common, whichever object they were found at.
using Way = std::tuple<std::string, std::int64_t, std::string, std::string, std::string>;
Way way_of(const Finding& finding) {
  return {finding.policy, finding.port, finding.protocol, finding.via, finding.path};
}

class Linter {
 public:
  Linter(LintInput input, Instant now, Problems& problems)
      : input_(std::move(input)), now_(now), problems_(problems) {}

  Report run() {
    for (const Object& object : input_.against.objects) {
      if (!object.identity().empty()) old_.insert_or_assign(object.identity(), &object);
    }
    check_duplicates();
    gather_policies();
    gather_ranges();
    if (policies_.empty() && books_.ranges().usable().empty()) {
      problems_.errors.push_back({"berth lint",
                                  {},
                                  "no ExposurePolicy was given, so nothing can be judged; name "
                                  "one with --policy PATH"});
    }
    if (!problems_.errors.empty()) return {};
    for (Object& object : input_.judged.objects) drop_what_the_cluster_sets(object);
    FilesFacts after = facts(true);
    for (const Object& object : input_.judged.objects) judge_one(object, old_of(object), after);
    if (!old_.empty()) judge_in_turn(after);
    return make_report();
  }

 private:
  [[nodiscard]] const Object* old_of(const Object& object) const {
    const auto old = old_.find(object.identity());
    return old == old_.end() ? nullptr : old->second;
  }

  // The API server takes none of it from a manifest: with it, an object could pass for one that is on its way
  // out, or claim addresses.
  void drop_what_the_cluster_sets(Object& object) const {
    std::visit([](auto& model) { model.meta.deletion_timestamp.clear(); }, object.model);
    if (auto* workload = std::get_if<Workload>(&object.model)) {
      workload->phase.clear();
      workload->addresses.clear();
    }
    if (auto* service = std::get_if<Service>(&object.model)) {
      const Object* old = old_of(object);
      const auto* present = old == nullptr ? nullptr : std::get_if<Service>(&old->model);
      service->load_balancer_status =
          present == nullptr ? std::vector<LoadBalancerIngress>() : present->load_balancer_status;
    }
  }

  void check_duplicates() {
    ByIdentity seen;
    for (const Object& object : input_.judged.objects) {
      if (object.identity().empty()) continue;
      const auto [first, fresh] = seen.emplace(object.identity(), &object);
      if (fresh) continue;
      problems_.error(object.file, object.mark,
                      object.name() + " stands twice, first in " + first->second->file + ":" +
                          std::to_string(first->second->mark.line) +
                          "; one would overwrite the other, so lint clusters and overlays one at a time");
    }
  }

  // --policy wins over PATH, PATH over --against, --against over --with.
  void gather_policies() {
    const auto take = [&](const Loaded& loaded) {
      for (const Object& object : loaded.objects) {
        if (is_policy(object)) policies_.insert_or_assign(object.identity(), &object);
      }
    };
    take(input_.with);
    take(input_.against);
    take(input_.judged);
    for (const Object& object : input_.policies.objects) {
      if (!is_policy(object)) continue;
      const auto present = policies_.find(object.identity());
      if (present != policies_.end() && !(present->second->model == object.model)) {
        problems_.warning(present->second->file, present->second->mark,
                          object.name() + " is set aside for the one in " + object.file);
      }
      policies_.insert_or_assign(object.identity(), &object);
    }
  }

  // As for policies; who holds which number no file tells, so that an allocation has what it asks for.
  void gather_ranges() {
    for (const Loaded* loaded : {&input_.with, &input_.against, &input_.judged, &input_.policies}) {
      for (const Object& object : loaded->objects) {
        const PortRange* range = range_of(object);
        if (range == nullptr) continue;
        const auto compiled = allocation::compile(*range);
        if (!compiled.ok()) {
          problems_.error(object.file, object.mark,
                          object.name() + " cannot be used: " + compiled.error().message);
        }
        books_.put(std::make_shared<const PortRange>(*range));
      }
    }
  }

  // Namespaces, allocations and policies as they will be; what is judged as it will be, or as it was.
  [[nodiscard]] FilesFacts facts(bool after) const {
    FilesFacts facts;
    const auto put_all = [&](const Loaded& loaded, bool judged_kinds) {
      for (const Object& object : loaded.objects) {
        if (!is_policy(object) && (judged_kinds || !judged_model(object))) facts.put(object);
      }
    };
    put_all(input_.with, true);
    put_all(input_.against, true);
    put_all(input_.judged, after);
    for (const auto& [identity, policy] : policies_) facts.put(*policy);
    return facts;
  }

  [[nodiscard]] Verdict verdict_of(const Object& object, const Object* old, FilesFacts& facts) const {
    AdmissionRequest request;
    request.object = judged_model(object);
    if (old != nullptr) {
      request.operation = Operation::kUpdate;
      request.old_object = judged_model(*old);
    }
    facts.hide(&object);
    Verdict verdict = judge(request, facts, books_, now_);
    facts.hide(nullptr);
    return verdict;
  }

  void judge_one(const Object& object, const Object* old, FilesFacts& facts) {
    if (!judged_model(object)) return;
    found_[&object] = verdict_of(object, old, facts).findings;
  }

  // A change that only two objects make together can be an old way for each of them, seen from the state that
  // has the other one already. So the objects are also applied one after another, and what that adds counts
  // when it is still open in the end.
  void judge_in_turn(FilesFacts& after) {
    std::set<Way> told;
    for (const auto& [object, findings] : found_) {
      for (const Finding& finding : findings) told.insert(way_of(finding));
    }
    FilesFacts state = facts(false);
    std::vector<std::pair<const Object*, Finding>> more;
    for (const Object& object : input_.judged.objects) {
      if (!judged_model(object)) continue;
      for (Finding& finding : verdict_of(object, old_of(object), state).findings) {
        if (told.insert(way_of(finding)).second) more.emplace_back(&object, std::move(finding));
      }
      state.put(object);
    }
    if (more.empty()) return;
    std::set<Way> open;
    for (const Object& object : input_.judged.objects) {
      if (!judged_model(object)) continue;
      for (const Finding& finding : verdict_of(object, nullptr, after).findings) open.insert(way_of(finding));
    }
    for (auto& [object, finding] : more) {
      if (open.contains(way_of(finding))) found_[object].push_back(std::move(finding));
    }
  }

  [[nodiscard]] Report make_report() const {
    Report report;
    report.other = input_.judged.other_kinds;
    for (const Object& object : input_.judged.objects) {
      const auto findings = found_.find(&object);
      if (findings == found_.end()) {
        ++report.other;
        continue;
      }
      ++report.judged;
      Decision strictest = Decision::kAllow;
      for (const Finding& finding : findings->second) {
        if (!finding.audit_only) strictest = std::max(strictest, finding.decision);
        report.entries.push_back({object.name(), object.file, object.mark.line, finding});
      }
      if (findings->second.empty())
        report.entries.push_back({object.name(), object.file, object.mark.line, {}});
      report.denied += strictest == Decision::kDeny ? 1 : 0;
      report.unknown += strictest == Decision::kUnknown ? 1 : 0;
      report.warned += strictest == Decision::kWarn ? 1 : 0;
    }
    return report;
  }

  LintInput input_;
  Instant now_;
  Problems& problems_;
  ByIdentity old_;
  ByIdentity policies_;
  NumberBooks books_;
  std::map<const Object*, std::vector<Finding>> found_;  // every judged object has its entry
};

}  // namespace

Report lint(LintInput input, Instant now, Problems& problems) {
  return Linter(std::move(input), now, problems).run();
}

}  // namespace berth::cli
