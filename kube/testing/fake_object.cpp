#include "kube/testing/fake_object.h"

#include <iterator>
#include <utility>

namespace berth::testing {
namespace {

using json::Tree;

constexpr const char* kServerOwned[] = {
    "uid",  "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "name", "namespace"};

}  // namespace

void keep_server_fields(Tree& next, const Tree& present) {
  Tree& meta = next["metadata"];
  for (const char* field : kServerOwned) {
    const Tree* value = present.find({"metadata", field});
    if (value == nullptr) {
      meta.erase({field});
    } else {
      meta[field] = *value;
    }
  }
  meta.erase({"managedFields"});
  next["apiVersion"] = *present.find({"apiVersion"});
  next["kind"] = *present.find({"kind"});
}

void take_status_of(Tree& next, const Tree& present) {
  const Tree* status = present.find({"status"});
  if (status == nullptr) {
    next.erase({"status"});
  } else {
    next["status"] = *status;
  }
}

bool same_but_version(const Tree& left, const Tree& right) {
  Tree bare_left = left;
  Tree bare_right = right;
  bare_left.erase({"metadata", "resourceVersion"});
  bare_right.erase({"metadata", "resourceVersion"});
  return bare_left == bare_right;
}

bool same_spec(const Tree& left, const Tree& right) {
  Tree bare_left = left;
  Tree bare_right = right;
  for (Tree* tree : {&bare_left, &bare_right}) {
    tree->erase({"metadata"});
    tree->erase({"status"});
  }
  return bare_left == bare_right;
}

std::vector<std::string> finalizers_of(const Tree& object) {
  std::vector<std::string> names;
  const Tree* list = object.find({"metadata", "finalizers"});
  if (list != nullptr && list->as_list() != nullptr) {
    for (const Tree& name : *list->as_list()) names.push_back(name.text_at({}));
  }
  return names;
}

void set_finalizers(Tree& object, const std::vector<std::string>& names) {
  Tree::List list;
  for (const std::string& name : names) list.push_back(Tree::text(name));
  if (list.empty()) {
    object.erase({"metadata", "finalizers"});
  } else {
    object.at({"metadata", "finalizers"}).value = std::move(list);
  }
}

void drop_empty(Tree& tree) {
  Tree::Object* object = std::get_if<Tree::Object>(&tree.value);
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    drop_empty(member->second);
    const Tree::List* list = member->second.as_list();
    const bool empty = member->second.is_null() || (list != nullptr && list->empty());
    member = empty ? object->erase(member) : std::next(member);
  }
}

}  // namespace berth::testing
