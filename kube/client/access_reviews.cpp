#include "kube/client/access_reviews.h"

#include "kube/json/tree.h"
#include "kube/wire/request.h"
#include "kube/wire/status.h"

namespace berth::client {
namespace {

using json::Tree;

const wire::Kind kTokenReview{"authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false};
const wire::Kind kSubjectAccessReview{"authorization.k8s.io", "v1", "subjectaccessreviews",
                                      "SubjectAccessReview", false};

Tree texts(const std::vector<std::string>& list) {
  Tree::List values;
  for (const std::string& text : list) {
    Tree value;
    value.value = text;
    values.push_back(std::move(value));
  }
  Tree tree;
  tree.value = std::move(values);
  return tree;
}

std::vector<std::string> texts_of(const Tree* tree) {
  std::vector<std::string> list;
  if (tree == nullptr || tree->as_list() == nullptr) return list;
  for (const Tree& item : *tree->as_list()) {
    if (item.as_text() != nullptr) list.push_back(*item.as_text());
  }
  return list;
}

bool is_true(const Tree& tree, Tree::Path path) {
  const Tree* found = tree.find(path);
  const bool* truth = found == nullptr ? nullptr : std::get_if<bool>(&found->value);
  return truth != nullptr && *truth;
}

// The review as the server returns it.
Result<Tree> ask(http::Transport& transport, const wire::Kind& kind, Tree review,
                 std::chrono::milliseconds deadline) {
  review["apiVersion"].value = kind.api_version();
  review["kind"].value = kind.kind;
  TRY(const http::Response answer,
      transport.exchange(wire::create(kind, "", json::print_tree(review), {}), deadline));
  if (answer.status < 200 || answer.status > 299) return wire::error_from(answer);
  return json::parse_tree(answer.body);
}

}  // namespace

Result<std::optional<http::Requester>> review_token(http::Transport& transport, const std::string& token,
                                                    std::chrono::milliseconds deadline) {
  Tree review;
  review["spec"]["token"].value = token;
  TRY(const Tree answer, ask(transport, kTokenReview, std::move(review), deadline));
  if (!is_true(answer, {"status", "authenticated"})) return std::optional<http::Requester>();
  http::Requester requester;
  requester.user = answer.text_at({"status", "user", "username"});
  requester.uid = answer.text_at({"status", "user", "uid"});
  requester.groups = texts_of(answer.find({"status", "user", "groups"}));
  const Tree* extra = answer.find({"status", "user", "extra"});
  if (extra != nullptr && extra->as_object() != nullptr) {
    for (const auto& [key, values] : *extra->as_object()) requester.extra[key] = texts_of(&values);
  }
  return std::optional(std::move(requester));
}

Result<bool> review_access(http::Transport& transport, const http::Requester& requester,
                           const std::string& path, const std::string& verb,
                           std::chrono::milliseconds deadline) {
  Tree review;
  Tree& spec = review["spec"];
  spec["user"].value = requester.user;
  if (!requester.uid.empty()) spec["uid"].value = requester.uid;
  if (!requester.groups.empty()) spec["groups"] = texts(requester.groups);
  for (const auto& [key, values] : requester.extra) spec["extra"][key] = texts(values);
  spec["nonResourceAttributes"]["path"].value = path;
  spec["nonResourceAttributes"]["verb"].value = verb;
  TRY(const Tree answer, ask(transport, kSubjectAccessReview, std::move(review), deadline));
  return is_true(answer, {"status", "allowed"}) && !is_true(answer, {"status", "denied"});
}

}  // namespace berth::client
