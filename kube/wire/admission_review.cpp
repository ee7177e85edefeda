#include "kube/wire/admission_review.h"

#include <array>
#include <utility>

#include "kube/json/reader.h"
#include "kube/json/writer.h"

namespace berth::wire {

using json::Archive;
using json::group;
using json::member;

static void describe(Archive& archive, GroupVersionKind& kind) {
  member(archive, "group", kind.group);
  member(archive, "version", kind.version);
  member(archive, "kind", kind.kind);
}

static void describe(Archive& archive, GroupVersionResource& resource) {
  member(archive, "group", resource.group);
  member(archive, "version", resource.version);
  member(archive, "resource", resource.resource);
}

namespace {

constexpr char kApiVersion[] = "admission.k8s.io/v1";
constexpr char kReviewKind[] = "AdmissionReview";

constexpr std::array<ReviewOperation, 4> kOperations = {ReviewOperation::kCreate, ReviewOperation::kUpdate,
                                                        ReviewOperation::kDelete, ReviewOperation::kConnect};

Error missing(std::string field) {
  std::string message = field + ": missing; the API server always sends it";
  return malformed(std::move(message), std::move(field));
}

Error unexpected(std::string field, const std::string& found, std::string_view expected) {
  std::string message = field + ": '" + found + "' stands here, expected " + std::string(expected);
  return malformed(std::move(message), std::move(field));
}

struct Envelope {
  std::string api_version = {};
  std::string kind = {};
  bool has_request = false;
  std::string operation = {};
  AdmissionReviewRequest request = {};
};

void describe_request(Archive& archive, Envelope& envelope) {
  AdmissionReviewRequest& request = envelope.request;
  member(archive, "uid", request.uid);
  member(archive, "operation", envelope.operation);
  member(archive, "kind", request.kind);
  member(archive, "resource", request.resource);
  member(archive, "subResource", request.sub_resource);
  request.request_kind = request.kind;
  request.request_resource = request.resource;
  member(archive, "requestKind", request.request_kind);
  member(archive, "requestResource", request.request_resource);
  member(archive, "namespace", request.ns);
  member(archive, "name", request.name);
  member(archive, "dryRun", request.dry_run);
  group(archive, "userInfo", false, [&] {
    member(archive, "username", request.username);
    member(archive, "groups", request.groups);
  });
}

// What must be there, in the order of the document.
Status complete(Envelope& envelope) {
  AdmissionReviewRequest& request = envelope.request;
  if (envelope.api_version != kApiVersion) {
    return unexpected("apiVersion", envelope.api_version, kApiVersion);
  }
  if (envelope.kind != kReviewKind) return unexpected("kind", envelope.kind, kReviewKind);
  if (!envelope.has_request) return missing("request");
  if (request.uid.empty()) return missing("request.uid");
  const ReviewOperation* known = nullptr;
  for (const ReviewOperation& operation : kOperations) {
    if (envelope.operation == to_string(operation)) known = &operation;
  }
  if (known == nullptr) {
    return unexpected("request.operation", envelope.operation, "CREATE, UPDATE, DELETE or CONNECT");
  }
  request.operation = *known;
  if (request.kind.kind.empty()) return missing("request.kind.kind");
  if (request.kind.version.empty()) return missing("request.kind.version");
  if (request.resource.resource.empty()) return missing("request.resource.resource");
  const bool create = request.operation == ReviewOperation::kCreate;
  const bool update = request.operation == ReviewOperation::kUpdate;
  const bool remove = request.operation == ReviewOperation::kDelete;
  if ((create || update) && request.object.empty()) return missing("request.object");
  if ((update || remove) && request.old_object.empty()) return missing("request.oldObject");
  return ok_status();
}

Result<AdmissionReviewRequest> parsed(std::string_view text) {
  Envelope envelope;
  TRY(const json::Part document, json::Part::whole(text));
  TRY_DONE(document.read([&](Archive& archive) {
    member(archive, "apiVersion", envelope.api_version);
    member(archive, "kind", envelope.kind);
    group(archive, "request", false, [&] {
      envelope.has_request = true;
      describe_request(archive, envelope);
    });
  }));
  envelope.request.object = document.at({"request", "object"});
  envelope.request.old_object = document.at({"request", "oldObject"});
  TRY_DONE(complete(envelope));
  return std::move(envelope.request);
}

}  // namespace

const char* to_string(ReviewOperation operation) {
  switch (operation) {
    case ReviewOperation::kCreate:
      return "CREATE";
    case ReviewOperation::kUpdate:
      return "UPDATE";
    case ReviewOperation::kDelete:
      return "DELETE";
    case ReviewOperation::kConnect:
      return "CONNECT";
  }
  return "";
}

ParsedReview parse_admission_review(std::string_view text) {
  ParsedReview review{{}, parsed(text)};
  review.uid = review.request.ok() ? review.request->uid : json::salvage_text(text, {"request", "uid"});
  return review;
}

std::string write_admission_review(const AdmissionReviewResponse& response) {
  json::Writer writer;
  writer.begin_object();
  writer.member("apiVersion", kApiVersion).member("kind", kReviewKind);
  writer.key("response").begin_object();
  writer.member("uid", response.uid).member("allowed", response.allowed);
  if (!response.allowed) {
    writer.key("status").begin_object();
    writer.member("code", std::int64_t{response.code}).member("reason", response.reason);
    writer.member("message", response.message);
    writer.end_object();
  }
  if (!response.warnings.empty()) {
    writer.key("warnings").begin_list();
    for (const std::string& warning : response.warnings) writer.text(warning);
    writer.end_list();
  }
  if (!response.audit_annotations.empty()) {
    writer.key("auditAnnotations").begin_object();
    for (const auto& [key, value] : response.audit_annotations) writer.member(key, value);
    writer.end_object();
  }
  writer.end_object().end_object();
  return writer.take();
}

}  // namespace berth::wire
