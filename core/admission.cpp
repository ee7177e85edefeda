#include "core/admission.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "core/exposure/findings.h"
#include "core/exposure/network_policies.h"
#include "core/exposure/overlay.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/rules.h"
#include "core/exposure/ways_out.h"
#include "core/exposure/written_numbers.h"
#include "core/undeclared_numbers.h"

namespace berth {
namespace {

using exposure::Facts;
using exposure::Overlay;
using exposure::PolicyTable;
using exposure::Subject;
using exposure::WayOut;

// What the API server puts into a dry run where it would choose a node port (control-plane.md 3).
constexpr std::int64_t kDryRunNodePort = 32769;
// admission/v1: longer warnings may be cut by the server.
constexpr std::size_t kMaxWarning = 256;
// A denial is read by people: the first ways tell what is wrong.
constexpr std::size_t kMaxParagraphs = 10;
constexpr std::size_t kMaxPaths = 10;

const Meta& meta_of(const Judged& judged) {
  return std::visit([](const auto& object) -> const Meta& { return object.meta; }, judged);
}

// Where its own numbers are about something: a cluster-scoped object is about what it leads to.
std::vector<std::string> namespaces_of(const Judged& judged) {
  const std::string& own = meta_of(judged).ns;
  const auto* entrance = std::get_if<Entrance>(&judged);
  return own.empty() && entrance != nullptr ? namespaces_led_into(*entrance) : std::vector{own};
}

Subject subject_of(const Judged& judged) {
  return std::visit([](const auto& object) -> Subject { return &object; }, judged);
}

bool is_workload(const Judged& judged) { return std::holds_alternative<Workload>(judged); }

void append(std::vector<WayOut>& ways, std::vector<WayOut> more) {
  std::move(more.begin(), more.end(), std::back_inserter(ways));
}

// The object as it would be stored: what only the cluster sets is not taken from the request.
Judged as_stored(Judged judged, bool dry_run) {
  if (Service* service = std::get_if<Service>(&judged); service != nullptr && dry_run) {
    for (ServicePort& port : service->ports) {
      if (port.node_port == kDryRunNodePort) port.node_port = 0;
    }
    if (service->health_check_node_port == kDryRunNodePort) service->health_check_node_port = 0;
  }
  // A Pod that is written now will run, whatever its status claims.
  if (Workload* workload = std::get_if<Workload>(&judged)) workload->phase.clear();
  if (EndpointSlice* slice = std::get_if<EndpointSlice>(&judged)) slice->by_hand = true;
  return judged;
}

std::optional<Judged> as_it_stood(std::optional<Judged> judged) {
  if (!judged) return judged;
  if (EndpointSlice* slice = std::get_if<EndpointSlice>(&*judged)) slice->by_hand = true;
  return judged;
}

// The ways that the request adds or widens.
std::vector<WayOut> added_ways(const Subject& object, const std::optional<Subject>& old_object,
                               const Facts& before, const Facts& after) {
  std::vector<WayOut> now_open = ways_of(object, after);
  if (now_open.empty()) return now_open;
  std::vector<WayOut> were_open = ways_concerned_by(object, before);
  if (old_object) append(were_open, ways_of(*old_object, before));
  if (const Workload* const* workload = std::get_if<const Workload*>(&object)) {
    // A pod made again from an unchanged template opens nothing that its owner did not open before.
    for (const Workload* owner : owners_of(**workload, before)) {
      append(were_open, ways_of(*owner, before));
    }
  }
  return added(were_open, std::move(now_open));
}

std::vector<WayOut> opened_ways(const Subject& object, const std::optional<Subject>& old_object,
                                const Facts& before, const Facts& after) {
  std::vector<WayOut> ways = added_ways(object, old_object, before, after);
  if (!old_object) return ways;
  if (const auto* was = std::get_if<const NetworkPolicy*>(&*old_object)) {
    append(ways, ways_left_open(**was, after));
  }
  return ways;
}

// A number that is refused outside already needs no word about its age.
void append_deprecations(std::vector<Finding>& findings, std::vector<Finding> deprecations) {
  const std::size_t ways = findings.size();
  for (Finding& deprecation : deprecations) {
    const auto end = findings.begin() + static_cast<std::ptrdiff_t>(ways);
    const bool said = std::any_of(findings.begin(), end, [&](const Finding& finding) {
      return finding.port == deprecation.port && finding.protocol == deprecation.protocol &&
             finding.decision == Decision::kDeny && finding.audit_only == deprecation.audit_only;
    });
    if (!said) findings.push_back(std::move(deprecation));
  }
}

// Cut at a whole UTF-8 character.
std::string shortened(std::string text, std::size_t limit) {
  constexpr char kMore[] = "...";
  if (text.size() <= limit) return text;
  std::size_t end = limit - (sizeof(kMore) - 1);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + kMore;
}

// Findings that say the same of several ways, as one paragraph of the denial.
struct Paragraph {
  const Finding* finding;
  std::vector<std::string> paths;
};

std::vector<Paragraph> paragraphs(const std::vector<Finding>& findings) {
  std::vector<Paragraph> list;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
  for (const Finding& finding : findings) {
    if (finding.audit_only || finding.decision != Decision::kDeny) continue;
    const auto [place, is_new] = places.emplace(
        std::pair<std::string_view, std::string_view>(finding.message, finding.fix), list.size());
    if (is_new) list.push_back({&finding, {}});
    list[place->second].paths.push_back(finding.path);
  }
  return list;
}

std::string and_more(std::size_t count, std::size_t shown) {
  return count > shown ? "... and " + std::to_string(count - shown) + " more" : "";
}

std::string denial_text(const std::vector<Finding>& findings) {
  const std::vector<Paragraph> list = paragraphs(findings);
  std::string text;
  for (std::size_t i = 0; i < std::min(list.size(), kMaxParagraphs); ++i) {
    const Paragraph& paragraph = list[i];
    // The API server writes `denied the request: ` in front: the text begins on its own line.
    text += "\n  " + paragraph.finding->message + ":";
    for (std::size_t k = 0; k < std::min(paragraph.paths.size(), kMaxPaths); ++k) {
      text += "\n    " + paragraph.paths[k];
    }
    const std::string more_paths = and_more(paragraph.paths.size(), kMaxPaths);
    if (!more_paths.empty()) text += "\n    " + more_paths;
    text += "\n  fix: " + paragraph.finding->fix;
  }
  const std::string more = and_more(list.size(), kMaxParagraphs);
  return more.empty() ? text : text + "\n  " + more;
}

// Where a NetworkPolicy goes, pods may be left that nothing isolates any more.
Verdict judge_deletion(const Judged& object, const Facts& facts, Instant now) {
  const auto* policy = std::get_if<NetworkPolicy>(&object);
  if (policy == nullptr) return {};
  std::vector<PolicyTable> tables;
  for (const ExposurePolicy* declared : facts.policies()) tables.emplace_back(*declared);
  const Overlay after(facts, policy, std::nullopt);
  Verdict verdict;
  verdict.findings = make_findings(ways_left_open(*policy, after), tables, after, false, now);
  verdict.decision = strictest_of(verdict.findings);
  return verdict;
}

}  // namespace

Verdict judge(const AdmissionRequest& request, const Facts& facts, Instant now) {
  if (request.operation == Operation::kDelete) {
    return request.old_object ? judge_deletion(*request.old_object, facts, now) : Verdict();
  }
  if (!request.object) return {};
  if (meta_of(*request.object).deleting()) return {};
  const std::vector<const ExposurePolicy*> policies = facts.policies();
  if (policies.empty()) return {};

  const Judged stored = as_stored(*request.object, request.dry_run);
  const std::optional<Judged> old_stored = as_it_stood(request.old_object);
  const Subject object = subject_of(stored);
  std::optional<Subject> old_object;
  if (request.operation == Operation::kUpdate && old_stored) old_object = subject_of(*old_stored);

  // What the object's own numbers are about; a way out may lead through more namespaces.
  std::vector<PolicyTable> tables;
  std::vector<PolicyTable> own_tables;
  for (const ExposurePolicy* policy : policies) {
    tables.emplace_back(*policy);
    if (in_force(*policy, namespaces_of(stored), facts)) own_tables.push_back(tables.back());
  }

  Verdict verdict;
  if (!own_tables.empty()) verdict.findings = exposure::make_number_findings(object, old_object);
  if (verdict.findings.empty()) {
    const Overlay before(facts, object, old_object);
    const Overlay after(facts, object, object);
    verdict.findings = make_findings(opened_ways(object, old_object, before, after), tables, after,
                                     is_workload(stored), now);
    append_deprecations(verdict.findings, make_deprecation_findings(object, old_object, own_tables, now));
  }
  verdict.decision = strictest_of(verdict.findings);
  return verdict;
}

Verdict judge(const AdmissionRequest& request, const Facts& facts, const NumberBooks& books, Instant now) {
  Verdict verdict = judge(request, facts, now);
  if (request.operation == Operation::kDelete || !request.object) return verdict;
  if (meta_of(*request.object).deleting()) return verdict;
  const bool update = request.operation == Operation::kUpdate;
  std::vector<Finding> undeclared =
      make_undeclared_findings(as_stored(*request.object, request.dry_run),
                               update ? request.old_object : std::optional<Judged>(), facts, books);
  std::move(undeclared.begin(), undeclared.end(), std::back_inserter(verdict.findings));
  verdict.decision = strictest_of(verdict.findings);
  return verdict;
}

Outcome outcome(const Verdict& verdict) {
  Outcome told;
  told.allowed = verdict.decision != Decision::kDeny;
  if (!told.allowed) told.message = denial_text(verdict.findings);
  for (const Finding& finding : verdict.findings) {
    const std::string line = finding.message + ": " + finding.path;
    if (finding.audit_only) {
      told.audit.push_back(std::string(to_string(finding.decision)) + ": " + line);
    } else if (finding.decision == Decision::kWarn || finding.decision == Decision::kUnknown) {
      told.warnings.push_back(shortened(line, kMaxWarning));
    }
  }
  return told;
}

}  // namespace berth
