#include "webhook/review_handler.h"

#include <algorithm>
#include <utility>

#include "core/base/version.h"
#include "core/base/webhook_check.h"
#include "core/connect.h"
#include "core/exposure/ingress_entrance.h"
#include "core/exposure/route_entrance.h"
#include "core/exposure/stream_map.h"
#include "core/model/config_map.h"
#include "core/model/custom_object.h"
#include "core/model/endpoint_slice.h"
#include "core/model/gateway.h"
#include "core/model/network_policy.h"
#include "core/relabelling.h"
#include "kube/adapters/reading.h"
#include "kube/json/alb_action.h"
#include "kube/json/codec.h"
#include "kube/wire/admission_review.h"
#include "kube/wire/kind.h"
#include "webhook/connect_review.h"

namespace berth::webhook {
namespace {

constexpr std::size_t kMaxAuditAnnotation = 2048;

bool is_workload(const wire::GroupVersionKind& kind) {
  for (const wire::Kind& known : wire::workload_kinds()) {
    if (known.kind == kind.kind && known.group == kind.group && known.version == kind.version) return true;
  }
  return false;
}

// In any version: they are the same in what is read here.
bool is_in_any_version(const wire::GroupVersionKind& kind, const wire::Versions& versions) {
  return kind.group == versions.front().group && kind.kind == versions.front().kind;
}

bool is_any_of(const wire::GroupVersionKind& kind, const std::vector<wire::Versions>& kinds) {
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const wire::Versions& versions) { return is_in_any_version(kind, versions); });
}

bool is(const wire::GroupVersionKind& kind, const wire::Kind& wanted) {
  return kind.group == wanted.group && kind.kind == wanted.kind && kind.version == wanted.version;
}

template <class T>
void complete(T& object, const wire::AdmissionReviewRequest& review) {
  // On CREATE the API server fills these in only after admission.
  if (object.meta.ns.empty()) object.meta.ns = review.ns;
  if (object.meta.name.empty()) object.meta.name = review.name;
  if constexpr (requires { object.api_version; }) {
    object.kind = review.kind.kind;
    object.api_version = review.kind.api_version();
  }
}

Service as_judged(Service service) { return service; }
Workload as_judged(Workload workload) { return workload; }
Gateway as_judged(Gateway gateway) { return gateway; }
EndpointSlice as_judged(EndpointSlice slice) { return slice; }
NetworkPolicy as_judged(NetworkPolicy policy) { return policy; }
ReferenceGrant as_judged(ReferenceGrant grant) { return grant; }
Entrance as_judged(const Route& route) { return exposure::entrance_of(route); }
Entrance as_judged(const ConfigMap& config_map) { return exposure::entrance_of(config_map); }
Entrance as_judged(const Ingress& ingress) { return exposure::entrance_of(ingress, json::read_alb_action); }

// The error with the whole path: `field` is where the object stands in the review.
Error within(const std::string& field, Error error) {
  error.field = field + (error.field.empty() ? "" : "." + error.field);
  return error;
}

template <class T>
Result<std::optional<Judged>> decoded(const json::Part& part, const wire::AdmissionReviewRequest& review,
                                      const char* field) {
  if (part.empty()) return std::optional<Judged>{};
  auto object = json::decode<T>(part);
  if (!object.ok()) return within(field, object.error());
  complete(*object, review);
  return std::optional<Judged>(as_judged(std::move(*object)));
}

Result<std::optional<Judged>> read_by_adapter(const json::Part& part, const adapters::Adapter& adapter,
                                              const wire::AdmissionReviewRequest& review, const char* field) {
  if (part.empty()) return std::optional<Judged>{};
  auto object = json::decode<CustomObject>(part);
  auto read = object.ok() ? [&] {
    complete(*object, review);
    return adapters::read(adapter, *object);
  }()
                          : Result<adapters::Read>(object.error());
  if (!read.ok()) return within(field, read.error());
  return std::visit([](auto& made) { return std::optional<Judged>(std::move(made)); }, *read);
}

Result<AdmissionRequest> read_by_adapter(const wire::AdmissionReviewRequest& review,
                                         const adapters::Adapter& adapter) {
  AdmissionRequest request;
  request.dry_run = review.dry_run;
  TRY(request.object, read_by_adapter(review.object, adapter, review, "request.object"));
  TRY(request.old_object, read_by_adapter(review.old_object, adapter, review, "request.oldObject"));
  return request;
}

template <class T>
Result<AdmissionRequest> read_as(const wire::AdmissionReviewRequest& review) {
  AdmissionRequest request;
  request.dry_run = review.dry_run;
  TRY(request.object, decoded<T>(review.object, review, "request.object"));
  TRY(request.old_object, decoded<T>(review.old_object, review, "request.oldObject"));
  return request;
}

Result<AdmissionRequest> request_of(const wire::AdmissionReviewRequest& review,
                                    const adapters::Table& table) {
  auto request = [&]() -> Result<AdmissionRequest> {
    if (is(review.kind, wire::kService)) return read_as<Service>(review);
    if (is(review.kind, wire::kIngress)) return read_as<Ingress>(review);
    if (is(review.kind, wire::kConfigMap)) return read_as<ConfigMap>(review);
    if (is_any_of(review.kind, wire::gateway_kinds())) return read_as<Gateway>(review);
    if (is_any_of(review.kind, wire::route_kinds())) return read_as<Route>(review);
    if (is(review.kind, wire::kEndpointSlice) || is(review.kind, wire::kEndpoints))
      return read_as<EndpointSlice>(review);
    if (is(review.kind, wire::kNetworkPolicy)) return read_as<NetworkPolicy>(review);
    if (is_in_any_version(review.kind, wire::reference_grant())) return read_as<ReferenceGrant>(review);
    if (is_workload(review.kind)) return read_as<Workload>(review);
    if (const adapters::Adapter* adapter = table.find(review.kind.group, review.kind.kind))
      return read_by_adapter(review, *adapter);
    return malformed("'" + review.kind.kind + "' of '" + review.kind.api_version() +
                         "' is not a kind this webhook judges: narrow the rules of the webhook configuration",
                     "request.kind");
  }();
  if (!request.ok()) return request;
  switch (review.operation) {
    case wire::ReviewOperation::kCreate:
      request->operation = Operation::kCreate;
      break;
    case wire::ReviewOperation::kUpdate:
      request->operation = Operation::kUpdate;
      break;
    case wire::ReviewOperation::kDelete:
      request->operation = Operation::kDelete;
      break;
    case wire::ReviewOperation::kConnect:
      break;  // judged() takes it apart
  }
  return request;
}

// Nothing changes where one of the two is missing, and in a namespace that goes.
Result<Relabelling> relabelling_of(const wire::AdmissionReviewRequest& review) {
  Relabelling change;
  if (review.object.empty() || review.old_object.empty()) return change;
  auto present = json::decode<Namespace>(review.object);
  if (!present.ok()) return within("request.object", present.error());
  auto old = json::decode<Namespace>(review.old_object);
  if (!old.ok()) return within("request.oldObject", old.error());
  if (present->meta.deleting()) return change;
  change.ns = present->meta.name;
  change.before = std::move(old->meta.labels);
  change.after = std::move(present->meta.labels);
  return change;
}

Result<Verdict> judged(const wire::AdmissionReviewRequest& review, const exposure::Facts& facts, Instant now,
                       const NumberBooks* books, const adapters::Table& table) {
  if (review.operation == wire::ReviewOperation::kConnect) {
    TRY(const exposure::Connection connection, connection_of(review));
    return judge(connection, facts, now);
  }
  if (is(review.kind, wire::kNamespace)) {
    TRY(const Relabelling change, relabelling_of(review));
    return judge(change, facts, now);
  }
  TRY(const AdmissionRequest request, request_of(review, table));
  return books == nullptr ? judge(request, facts, now) : judge(request, facts, *books, now);
}

std::string resource_of(const wire::AdmissionReviewRequest& review) {
  std::string text = review.resource.resource;
  if (!review.sub_resource.empty()) text += "/" + review.sub_resource;
  if (!review.resource.group.empty()) text += "." + review.resource.group;
  return text;
}

Reviewed denied(const std::string& uid, std::string message) {
  Reviewed reviewed;
  reviewed.decision = Decision::kDeny;
  reviewed.understood = false;
  reviewed.outcome.allowed = false;
  reviewed.outcome.message = std::move(message);
  wire::AdmissionReviewResponse response;
  response.uid = uid;
  response.allowed = false;
  response.message = reviewed.outcome.message;
  reviewed.answer = wire::write_admission_review(response);
  return reviewed;
}

// Asked by `berth check webhook`, and never to be made.
bool is_check(const wire::AdmissionReviewRequest& review) {
  return review.dry_run && review.operation == wire::ReviewOperation::kCreate &&
         is(review.kind, wire::kPodTemplate) && review.name == kCheckName;
}

Reviewed answer_check(const std::string& uid) {
  Reviewed reviewed = denied(uid, std::string(kCheckAnswer) + kVersion);
  reviewed.understood = true;
  return reviewed;
}

std::string unreadable(const Error& error) {
  std::string text = "berth cannot read this request, so it is refused: ";
  // The codec puts the path into the message; the envelope's own errors carry it in `field` only.
  if (!error.field.empty() && error.message.find(error.field) == std::string::npos)
    text += error.field + ": ";
  return text + error.message;
}

}  // namespace

Reviewed review(std::string_view text, const exposure::Facts* facts, Instant now, const NumberBooks* books,
                const adapters::Table& table) {
  const wire::ParsedReview parsed = wire::parse_admission_review(text);
  if (!parsed.request.ok()) return denied(parsed.uid, unreadable(parsed.request.error()));
  const wire::AdmissionReviewRequest& review = *parsed.request;

  const auto describe = [&](Reviewed reviewed) {
    reviewed.resource = resource_of(review);
    reviewed.object = review.kind.kind + " " + to_string(ObjectKey{review.ns, review.name});
    reviewed.user = review.username;
    reviewed.dry_run = review.dry_run;
    return reviewed;
  };
  if (facts == nullptr) {
    return describe(
        denied(review.uid,
               "berth-webhook has not read the cluster yet and cannot judge this request: try again in a "
               "few seconds"));
  }
  if (is_check(review)) return describe(answer_check(review.uid));
  const auto verdict = judged(review, *facts, now, books, table);
  if (!verdict.ok()) return describe(denied(review.uid, unreadable(verdict.error())));

  Reviewed reviewed;
  reviewed.decision = verdict->decision;
  reviewed.outcome = outcome(*verdict);
  for (const Finding& finding : verdict->findings) {
    if (finding.decision == Decision::kDeny && !finding.audit_only)
      reviewed.denied_by.emplace(finding.rule, finding.via);
  }
  wire::AdmissionReviewResponse response;
  response.uid = review.uid;
  response.allowed = reviewed.outcome.allowed;
  response.message = reviewed.outcome.message;
  response.warnings = reviewed.outcome.warnings;
  std::string audit;
  for (const std::string& line : reviewed.outcome.audit) audit += (audit.empty() ? "" : "\n") + line;
  if (!audit.empty()) response.audit_annotations["finding"] = audit.substr(0, kMaxAuditAnnotation);
  reviewed.answer = wire::write_admission_review(response);
  return describe(std::move(reviewed));
}

}  // namespace berth::webhook
