#include "cli/explain.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/report.h"
#include "core/exposure/policy_table.h"
#include "core/exposure/ways_out.h"
#include "core/exposure/wording.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

using exposure::Account;
using exposure::Subject;
using exposure::WayOut;

Explained explain(std::string name, const Subject& subject, const Scene& scene, Instant now) {
  Explained explained{std::move(name), {}};
  const bool is_workload = std::holds_alternative<const Workload*>(subject);
  for (const WayOut& way : ways_of(subject, scene.facts())) {
    ExplainedWay one{path_of(way), to_string(way.via), Decision::kAllow, {}};
    for (const ExposurePolicy* policy : scene.facts().policies()) {
      const exposure::PolicyTable table(*policy);
      one.accounts.push_back(account(way, table, scene.facts(), now, is_workload));
      const Account& last = one.accounts.back();
      if (!last.audit_only) one.decision = std::max(one.decision, last.decision);
    }
    explained.ways.push_back(std::move(one));
  }
  return explained;
}

const char* verdict_of(const Account& account) {
  if (!account.in_force) return "-";
  return to_string(account.audit_only ? Decision::kAllow : account.decision);
}

std::string why_of(const Account& account) {
  const bool only_audits = account.audit_only && account.decision != Decision::kAllow;
  return printable((only_audits ? "only audits: " : "") + account.why);
}

std::string way_text(const ExplainedWay& way, bool colour) {
  std::string text = "  " + painted(way.decision, colour) + "  " + printable(way.path) + "\n";
  std::size_t width = 0;
  for (const Account& account : way.accounts) width = std::max(width, account.policy.size());
  for (const Account& account : way.accounts) {
    text += "           " + account.policy + std::string(width - account.policy.size(), ' ') + "  " +
            verdict_of(account) + ": " + why_of(account) + "\n";
    if (!account.fix.empty())
      text += "           " + std::string(width, ' ') + "  fix: " + printable(account.fix) + "\n";
  }
  return text;
}

}  // namespace

std::vector<Explained> explain_files(const Scene& scene, Instant now) {
  std::vector<Explained> list;
  for (const Object& object : scene.judged()) {
    const std::optional<Judged> model = judged_model(object);
    if (!model) continue;
    const auto placed = scene.facts().same_as(subject_of(*model));
    if (placed) {
      list.push_back(explain(object.name(), *placed, scene, now));
    } else {
      list.push_back({object.name(), {}});  // an entrance that leads nowhere
    }
  }
  return list;
}

std::vector<Explained> explain_objects(const Scene& scene, const std::vector<Resource>& resources,
                                       const std::string& ns, Instant now, Problems& problems) {
  std::vector<Explained> list;
  for (const Resource& resource : resources) {
    const auto subject = find_resource(resource, ns, scene.facts());
    if (!subject) {
      problems.error(resource.kind + "/" + resource.name, {},
                     "is not in namespace " + ns + ", or leads nowhere; say which with --namespace");
      continue;
    }
    list.push_back(explain(resource.kind + " " + ns + "/" + resource.name, *subject, scene, now));
  }
  return list;
}

std::string to_table(const std::vector<Explained>& explained, bool colour) {
  std::string text;
  for (const Explained& one : explained) {
    if (!text.empty()) text += "\n";
    text += printable(one.object) + "\n";
    if (one.ways.empty()) text += "  no way leads outside by it\n";
    for (const ExplainedWay& way : one.ways) text += way_text(way, colour);
  }
  return text;
}

std::string to_json(const std::vector<Explained>& explained) {
  json::Writer writer;
  writer.begin_list();
  for (const Explained& one : explained) {
    writer.begin_object().member("object", one.object).key("ways").begin_list();
    for (const ExplainedWay& way : one.ways) {
      writer.begin_object().member("path", way.path).member("via", way.via);
      writer.member("verdict", to_string(way.decision)).key("policies").begin_list();
      for (const Account& account : way.accounts) {
        writer.begin_object().member("policy", account.policy).member("inForce", account.in_force);
        writer.member("auditOnly", account.audit_only).member("verdict", to_string(account.decision));
        writer.member("rule", account.rule).member("why", account.why).member("fix", account.fix);
        writer.end_object();
      }
      writer.end_list().end_object();
    }
    writer.end_list().end_object();
  }
  writer.end_list();
  return writer.take() + "\n";
}

}  // namespace berth::cli
