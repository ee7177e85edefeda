// AdmissionReview (admission.k8s.io/v1): the envelope around what the webhook is asked and answers.
//
// Takes apart and puts together; decides nothing and decodes no object. Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/json/part.h"

namespace berth::wire {

struct GroupVersionKind {
  std::string group = {};  // "" = core
  std::string version = {};
  std::string kind = {};

  bool operator==(const GroupVersionKind&) const = default;
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

struct GroupVersionResource {
  std::string group = {};
  std::string version = {};
  std::string resource = {};  // plural

  bool operator==(const GroupVersionResource&) const = default;
};

enum class ReviewOperation { kCreate, kUpdate, kDelete, kConnect };

// "CREATE", "UPDATE", "DELETE", "CONNECT".
const char* to_string(ReviewOperation operation);

struct AdmissionReviewRequest {
  std::string uid = {};
  ReviewOperation operation = ReviewOperation::kCreate;
  GroupVersionKind kind = {};          // of `object`
  GroupVersionResource resource = {};  //
  std::string sub_resource = {};       // "status", "scale", ...; "" for the object itself
  GroupVersionKind request_kind = {};  // what the client sent, before conversion; = kind when not told
  GroupVersionResource request_resource = {};
  std::string ns = {};    // "" for cluster-scoped kinds
  std::string name = {};  // "" while generateName is not resolved
  std::string username = {};
  std::vector<std::string> groups = {};
  bool dry_run = false;        // automatic nodePorts are then the dummy 32769
  json::Part object = {};      // of the review's text, as old_object; nothing on DELETE
  json::Part old_object = {};  // nothing on CREATE and CONNECT

  bool operator==(const AdmissionReviewRequest&) const = default;
};

struct ParsedReview {
  // To answer with, even when the request could not be read; "" when not even that is known.
  std::string uid = {};
  // Errors: Malformed with the field path ("request.object.spec.ports[0].port", ...). Besides types, required
  // are: apiVersion admission.k8s.io/v1, uid, operation, kind, resource, the object on CREATE and UPDATE, the
  // old object on UPDATE and DELETE.
  Result<AdmissionReviewRequest> request;
};

// The text must outlive what is in it.
ParsedReview parse_admission_review(std::string_view text);

struct AdmissionReviewResponse {
  std::string uid = {};
  bool allowed = false;
  std::string message = {};  // a denial's text; newlines reach the user unchanged
  int code = 403;            // of a denial
  std::string reason = "Forbidden";
  std::vector<std::string> warnings = {};                     // admission/v1: at most 256 characters each
  std::map<std::string, std::string> audit_annotations = {};  // keys without the webhook's name

  bool operator==(const AdmissionReviewResponse&) const = default;
};

std::string write_admission_review(const AdmissionReviewResponse& response);

}  // namespace berth::wire
