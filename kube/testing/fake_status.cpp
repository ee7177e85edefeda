#include "kube/testing/fake_status.h"

#include "kube/json/tree.h"

namespace berth::testing {
namespace {

std::string resource_of(const wire::Kind& kind) {
  return kind.group.empty() ? kind.plural : kind.plural + "." + kind.group;
}

std::string title_of(const wire::Kind& kind) {
  return kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
}

}  // namespace

http::Response json_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = std::move(body);
  return response;
}

http::Response status_response(int status, const std::string& reason, const std::string& message,
                               const wire::Kind* kind, const std::string& name,
                               const std::vector<FieldCause>& causes) {
  json::Tree body;
  body["kind"].value = "Status";
  body["apiVersion"].value = "v1";
  body["metadata"].value = json::Tree::Object{};
  body["status"].value = status < 300 ? "Success" : "Failure";
  if (!message.empty()) body["message"].value = message;
  if (!reason.empty()) body["reason"].value = reason;
  if (kind != nullptr) {
    json::Tree& details = body["details"];
    details["name"].value = name;
    if (!kind->group.empty()) details["group"].value = kind->group;
    details["kind"].value = causes.empty() ? kind->plural : kind->kind;
    json::Tree::List list;
    for (const FieldCause& cause : causes) {
      json::Tree each;
      each["reason"].value = cause.reason;
      each["message"].value = cause.message;
      each["field"].value = cause.field;
      list.push_back(std::move(each));
    }
    if (!list.empty()) details["causes"].value = std::move(list);
  }
  body["code"].value = std::int64_t{status};
  return json_response(status, json::print_tree(body));
}

http::Response not_found(const wire::Kind& kind, const std::string& name) {
  return status_response(404, "NotFound", resource_of(kind) + " \"" + name + "\" not found", &kind, name);
}

http::Response already_exists(const wire::Kind& kind, const std::string& name) {
  return status_response(409, "AlreadyExists", resource_of(kind) + " \"" + name + "\" already exists", &kind,
                         name);
}

http::Response conflict(const wire::Kind& kind, const std::string& name, const std::string& why) {
  return status_response(
      409, "Conflict", "Operation cannot be fulfilled on " + resource_of(kind) + " \"" + name + "\": " + why,
      &kind, name);
}

http::Response stale(const wire::Kind& kind, const std::string& name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version and try "
                  "again");
}

http::Response uid_precondition(const wire::Kind& kind, const std::string& name, const Uid& wanted,
                                const Uid& present) {
  return conflict(
      kind, name,
      "Precondition failed: UID in precondition: " + wanted.text + ", UID in object meta: " + present.text);
}

http::Response invalid(const wire::Kind& kind, const std::string& name, const FieldCause& cause) {
  return status_response(
      422, "Invalid", title_of(kind) + " \"" + name + "\" is invalid: " + cause.field + ": " + cause.message,
      &kind, name, {cause});
}

http::Response bad_request(const std::string& message) { return status_response(400, "BadRequest", message); }

}  // namespace berth::testing
