#include "cli/lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace berth::cli {
namespace {

// What two findings of one way have in common, whichever object they were found at.
using Way = std::tuple<std::string, std::int64_t, std::string, std::string, std::string>;
Way way_of(const Finding& finding) {
  return {finding.policy, finding.port, finding.protocol, finding.via, finding.path};
}

class Linter {
 public:
  Linter(Scene& scene, Instant now) : scene_(scene), now_(now) {}

  Report run() {
    for (const Object& object : scene_.judged()) {
      const std::optional<Judged> model = judged_model(object);
      if (model) judged_.push_back({&object, *model, judge_one(*model, scene_.old_of(object))});
    }
    if (scene_.has_a_past()) judge_in_turn();
    return make_report();
  }

 private:
  struct One {
    const Object* object;
    Judged model;
    std::vector<Finding> findings;
  };

  [[nodiscard]] std::vector<Finding> judge_one(const Judged& model, const Judged* old) const {
    AdmissionRequest request;
    request.object = model;
    if (old != nullptr) {
      request.operation = Operation::kUpdate;
      request.old_object = *old;
    }
    return judge(request, scene_.facts(), scene_.books(), now_).findings;
  }

  // A change that only two objects make together can be an old way for each of them, seen from the state that
  // has the other one already. So the objects are also applied one after another, and what that adds counts
  // when it is still open in the end.
  void judge_in_turn() {
    std::set<Way> told;
    for (const One& one : judged_) {
      for (const Finding& finding : one.findings) told.insert(way_of(finding));
    }
    for (const One& one : judged_) scene_.put_back(*one.object);
    std::vector<std::pair<One*, Finding>> more;
    for (One& one : judged_) {
      for (Finding& finding : judge_one(one.model, scene_.old_of(*one.object))) {
        if (told.insert(way_of(finding)).second) more.emplace_back(&one, std::move(finding));
      }
      scene_.put(*one.object);
    }
    if (more.empty()) return;
    std::set<Way> open;
    for (const One& one : judged_) {
      for (const Finding& finding : judge_one(one.model, nullptr)) open.insert(way_of(finding));
    }
    for (auto& [one, finding] : more) {
      if (open.contains(way_of(finding))) one->findings.push_back(std::move(finding));
    }
  }

  [[nodiscard]] Report make_report() const {
    Report report;
    report.judged = judged_.size();
    report.other = scene_.other_kinds() + scene_.judged().size() - judged_.size();
    for (const One& one : judged_) {
      const Object& object = *one.object;
      Decision strictest = Decision::kAllow;
      for (const Finding& finding : one.findings) {
        if (!finding.audit_only) strictest = std::max(strictest, finding.decision);
        report.entries.push_back({object.name(), object.file, object.mark.line, finding});
      }
      if (one.findings.empty()) report.entries.push_back({object.name(), object.file, object.mark.line, {}});
      report.denied += strictest == Decision::kDeny ? 1 : 0;
      report.unknown += strictest == Decision::kUnknown ? 1 : 0;
      report.warned += strictest == Decision::kWarn ? 1 : 0;
    }
    return report;
  }

  Scene& scene_;
  Instant now_;
  std::vector<One> judged_;
};

}  // namespace

Report lint(Scene& scene, Instant now) { return Linter(scene, now).run(); }

}  // namespace berth::cli
