// MergePatch: the text of a JSON merge patch (RFC 7386) from single edits.
//
// Only text building: what has to change is decided in core/desired. A merge patch touches no field it does
// not name, which is how foreign fields survive; a list is always replaced whole; an object merges, so what
// shall go from it is named and removed. Paths are lists of keys ("metadata", "labels", "a.b/c"): nothing is
// split at dots. A later edit of the same path, or of one above or below it, wins. Thread-safety: values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/meta.h"
#include "core/model/network_policy.h"
#include "core/model/service.h"
#include "kube/json/writer.h"

namespace berth::json {

using PatchPath = std::vector<std::string>;

class MergePatch {
 public:
  MergePatch() = default;

  // The patch fails unless the object still is the one that was read: metadata.uid and, when set,
  // metadata.resourceVersion (409 Conflict; the API server answers a wrong uid with 422, which wire/status.h
  // turns into Conflict).
  MergePatch& only_if(const Meta& present);

  MergePatch& set(const PatchPath& path, std::string_view value);
  MergePatch& set(const PatchPath& path, const char* value) { return set(path, std::string_view(value)); }
  MergePatch& set(const PatchPath& path, std::int64_t value);
  MergePatch& set(const PatchPath& path, bool value);
  MergePatch& set(const PatchPath& path, const std::vector<std::string>& value);
  // Requires: valid JSON text of one value. An object in it merges like any other.
  MergePatch& set_json(const PatchPath& path, std::string json);
  MergePatch& remove(const PatchPath& path);

  // The map becomes exactly `wanted`: its entries set where they differ, other keys of `present` removed.
  MergePatch& replace_map(const PatchPath& path, const std::map<std::string, std::string>& present,
                          const std::map<std::string, std::string>& wanted);
  MergePatch& set_label(const std::string& key, std::string_view value);
  MergePatch& remove_label(const std::string& key);
  MergePatch& set_annotation(const std::string& key, std::string_view value);
  MergePatch& remove_annotation(const std::string& key);
  // The whole list.
  MergePatch& set_owner_references(const std::vector<OwnerReference>& wanted);

  // A label selector merges like every object: its entries are set, matchExpressions becomes the whole list
  // (removed when empty). Name keys of matchLabels that shall go with remove().
  MergePatch& set_label_selector(const PatchPath& path, const LabelSelector& wanted);
  // spec.ports as a whole list: never a strategic merge, which loses one of TCP and UDP on one port.
  MergePatch& set_ports(const std::vector<ServicePort>& wanted);
  // spec.ingress or spec.egress of a NetworkPolicy as a whole list; empty: removed, no rule, closed.
  MergePatch& set_ingress_rules(const std::vector<NetworkPolicyRule>& wanted);
  MergePatch& set_egress_rules(const std::vector<NetworkPolicyRule>& wanted);

  // No edit but preconditions: sending it would change nothing.
  [[nodiscard]] bool empty() const { return !edited_; }
  [[nodiscard]] std::string text() const;

 private:
  // Either members or, when not empty, a leaf: JSON text ("null" removes).
  struct Node {
    std::map<std::string, Node> members = {};
    std::string leaf = {};
  };

  MergePatch& set_leaf(const PatchPath& path, std::string json);
  Node& at(const PatchPath& path);
  static void print(const Node& node, Writer& writer);

  Node root_ = {};
  bool edited_ = false;
};

}  // namespace berth::json
