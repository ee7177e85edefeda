#include "kube/testing/fake_fields.h"

#include <algorithm>
#include <utility>

namespace berth::testing {
namespace {

using json::Tree;

constexpr char kStep = '\x1f';   // between the steps of a path
constexpr char kEntry = '\x1e';  // before the key of an entry of a keyed list

// The keys of a list's entries, or nothing when the list is atomic. `list` is the last step of its path.
std::vector<std::string> list_keys(const std::string& list, const Tree::List& items) {
  if (list == "ownerReferences") return {"uid"};
  if (list == "conditions") return {"type"};
  if (list != "ports") return {};
  // A Service's ports; entries without `port` are those of something else.
  for (const Tree& item : items) {
    if (item.find({"port"}) == nullptr || item.find({"from"}) != nullptr) return {};
  }
  return {"port", "protocol"};
}

bool is_atomic(const std::string& step) {
  return step == "selector" || step == "podSelector" || step == "namespaceSelector";
}

std::string entry_name(const Tree& item, const std::vector<std::string>& keys) {
  std::string name(1, kEntry);
  for (const std::string& key : keys) {
    const Tree* value = item.find({key});
    const std::string fallback = key == "protocol" ? "\"TCP\"" : "null";
    name +=
        (name.size() > 1 ? "," : "") + key + "=" + (value == nullptr ? fallback : json::print_tree(*value));
  }
  return name;
}

// Keyed lists become objects, so that everything below deals with objects only. `order` remembers how the
// entries stood.
Tree unrolled(const Tree& tree, const std::string& step, std::vector<std::string>& order) {
  if (const Tree::Object* object = tree.as_object(); object != nullptr && !is_atomic(step)) {
    Tree out = Tree::object();
    for (const auto& [name, member] : *object) out[name] = unrolled(member, name, order);
    return out;
  }
  const Tree::List* list = tree.as_list();
  const std::vector<std::string> keys = list == nullptr ? std::vector<std::string>() : list_keys(step, *list);
  if (keys.empty() || list->empty()) return tree;
  Tree out = Tree::object();
  for (const Tree& item : *list) {
    const std::string name = entry_name(item, keys);
    order.push_back(name);
    out[name] = unrolled(item, name, order);
  }
  return out;
}

Tree rolled(const Tree& tree, const std::vector<std::string>& order) {
  const Tree::Object* object = tree.as_object();
  if (object == nullptr) return tree;
  const bool list = !object->empty() && object->begin()->first.front() == kEntry;
  if (!list) {
    Tree out = Tree::object();
    for (const auto& [name, member] : *object) out[name] = rolled(member, order);
    return out;
  }
  std::vector<std::pair<std::ptrdiff_t, Tree>> entries;
  for (const auto& [name, member] : *object) {
    const auto place = std::find(order.begin(), order.end(), name);
    entries.emplace_back(place - order.begin(), rolled(member, order));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  Tree::List items;
  for (auto& [place, item] : entries) items.push_back(std::move(item));
  return Tree{std::move(items)};
}

void collect_leaves(const Tree& tree, const std::string& path, std::map<std::string, Tree>& leaves) {
  const Tree::Object* object = tree.as_object();
  const std::string last = path.substr(path.rfind(kStep) + 1);
  if (object == nullptr || object->empty() || is_atomic(last)) {
    leaves.emplace(path, tree);
    return;
  }
  for (const auto& [name, member] : *object) collect_leaves(member, path + kStep + name, leaves);
}

// Only what a manager can own: not what names the object or what the server keeps itself.
std::map<std::string, Tree> leaves_of(const Tree& tree) {
  Tree own = tree;
  for (const char* field : {"apiVersion", "kind"}) own.erase({field});
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
                            "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"}) {
    own.erase({"metadata", field});
  }
  const Tree* meta = own.find({"metadata"});
  if (meta != nullptr && *meta == Tree::object()) own.erase({"metadata"});
  std::vector<std::string> order;
  std::map<std::string, Tree> leaves;
  collect_leaves(unrolled(own, "", order), "", leaves);
  leaves.erase("");
  return leaves;
}

// An empty object only says that there is one: what others have put into it stays.
void set_leaf(Tree& tree, const std::string& path, const Tree& value) {
  Tree* here = &tree;
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find(kStep, start), path.size());
    here = &(*here)[path.substr(start, end - start)];
    start = end + 1;
  }
  if (value == Tree::object() && here->is_object()) return;
  *here = value;
}

// Removes the leaf, and what is empty then.
bool remove_leaf(Tree& tree, const std::string& path, std::size_t start = 1) {
  const std::size_t end = std::min(path.find(kStep, start), path.size());
  const std::string step = path.substr(start, end - start);
  Tree::Object* object = std::get_if<Tree::Object>(&tree.value);
  if (object == nullptr) return false;
  const auto member = object->find(step);
  if (member == object->end()) return object->empty();
  if (end == path.size() || remove_leaf(member->second, path, end + 1)) object->erase(member);
  return object->empty();
}

// ".spec.ports[port=80,protocol=\"TCP\"].nodePort"
std::string printed_path(const std::string& path) {
  std::string out;
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find(kStep, start), path.size());
    const std::string step = path.substr(start, end - start);
    out += step.front() == kEntry ? "[" + step.substr(1) + "]" : "." + step;
    start = end + 1;
  }
  return out;
}

}  // namespace

Applied apply_fields(const Tree* live, const FieldOwners& owners, const Tree& config,
                     const std::string& manager, bool force) {
  Applied applied;
  const std::map<std::string, Tree> wanted = leaves_of(config);
  const std::map<std::string, Tree> present =
      live == nullptr ? std::map<std::string, Tree>() : leaves_of(*live);
  std::vector<std::string> order;
  Tree merged = live == nullptr ? unrolled(config, "", order) : unrolled(*live, "", order);
  std::vector<std::string> wanted_order;
  unrolled(config, "", wanted_order);
  order.insert(order.end(), wanted_order.begin(), wanted_order.end());
  applied.owners = owners;

  for (const auto& [path, value] : wanted) {
    const auto old = present.find(path);
    std::set<std::string>& who = applied.owners[path];
    if (old == present.end() || old->second != value) {
      for (const std::string& other : who) {
        if (other != manager && !force && old != present.end()) {
          applied.conflict = {other, printed_path(path)};
          return applied;
        }
      }
      who.clear();
      set_leaf(merged, path, value);
    }
    who.insert(manager);
  }
  // What we owned and ask for no longer goes, unless somebody else wants it too.
  for (auto field = applied.owners.begin(); field != applied.owners.end();) {
    if (!wanted.contains(field->first) && field->second.erase(manager) > 0 && field->second.empty()) {
      remove_leaf(merged, field->first);
      field = applied.owners.erase(field);
    } else {
      ++field;
    }
  }
  applied.object = rolled(merged, order);
  return applied;
}

FieldOwners owners_after_update(const Tree* before, const Tree& after, const FieldOwners& owners,
                                const std::string& manager) {
  const std::map<std::string, Tree> old =
      before == nullptr ? std::map<std::string, Tree>() : leaves_of(*before);
  FieldOwners next;
  for (const auto& [path, value] : leaves_of(after)) {
    const auto same = old.find(path);
    const auto who = owners.find(path);
    if (same != old.end() && same->second == value) {
      if (who != owners.end()) next[path] = who->second;
    } else {
      next[path] = {manager};
    }
  }
  return next;
}

Tree merge_patched(Tree target, const Tree& patch) {
  const Tree::Object* object = patch.as_object();
  if (object == nullptr) return patch;
  if (!target.is_object()) target.value = Tree::Object{};
  for (const auto& [name, value] : *object) {
    if (value.is_null()) {
      target.erase({name});
    } else {
      const Tree* present = target.find({name});
      Tree merged = merge_patched(present == nullptr ? Tree() : *present, value);
      target[name] = std::move(merged);
    }
  }
  return target;
}

}  // namespace berth::testing
