#include "webhook/review_telemetry.h"

#include <algorithm>
#include <string>

#include "core/exposure/rule_catalogue.h"
#include "core/model/via.h"

namespace berth::webhook {
namespace {

constexpr char kUnreadable[] = "Unreadable";
constexpr char kOther[] = "other";

daemon::Counter reviews(daemon::Metrics& metrics, const char* decision, bool allowed) {
  return metrics.counter("berth_admission_reviews_total", "Reviews answered, by decision.",
                         {{"decision", decision}, {"allowed", allowed ? "true" : "false"}});
}

std::string known_rule(const std::string& rule) {
  const auto& rules = exposure::rule_catalogue();
  const bool known =
      std::any_of(rules.begin(), rules.end(), [&](const exposure::RuleText& one) { return one.id == rule; });
  return known ? rule : kOther;
}

std::string known_via(const std::string& via) {
  for (int i = 0; i <= static_cast<int>(Via::kCustom); ++i) {
    if (via == to_string(static_cast<Via>(i))) return via;
  }
  return kOther;
}

}  // namespace

ReviewTelemetry::ReviewTelemetry(daemon::Metrics& metrics) : metrics_(&metrics) {
  // A rate is known only of what has been there before it grew. What an outcome can be: core/admission.h.
  for (const Decision allowed : {Decision::kAllow, Decision::kWarn, Decision::kUnknown})
    reviews(metrics, to_string(allowed), true);
  reviews(metrics, to_string(Decision::kDeny), false);
  reviews(metrics, kUnreadable, false);
}

void ReviewTelemetry::count(const Reviewed& reviewed) const {
  reviews(*metrics_, reviewed.understood ? to_string(reviewed.decision) : kUnreadable,
          reviewed.outcome.allowed)
      .add();
  for (const auto& [rule, via] : reviewed.denied_by) {
    metrics_
        ->counter("berth_admission_denials_total", "Reviews denied, by what was found.",
                  {{"rule", known_rule(rule)}, {"via", known_via(via)}})
        .add();
  }
}

}  // namespace berth::webhook
