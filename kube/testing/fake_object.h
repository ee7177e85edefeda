// FakeObject: the parts of one object that the API server itself keeps, compares or drops.
//
// Private to the fake API server. Thread-safety: pure functions on trees.
#pragma once

#include <string>
#include <vector>

#include "kube/json/tree.h"

namespace berth::testing {

// Gives `next` those metadata that no update changes, and the apiVersion and kind, of `present`;
// managedFields go.
void keep_server_fields(json::Tree& next, const json::Tree& present);
// The status of `present` instead of its own.
void take_status_of(json::Tree& next, const json::Tree& present);

// Equal but for metadata.resourceVersion.
bool same_but_version(const json::Tree& left, const json::Tree& right);
// Equal but for metadata and status: what metadata.generation counts.
bool same_spec(const json::Tree& left, const json::Tree& right);

std::vector<std::string> finalizers_of(const json::Tree& object);
// None: the list itself goes.
void set_finalizers(json::Tree& object, const std::vector<std::string>& names);

// Takes away null members and empty lists, which typed kinds do not keep.
void drop_empty(json::Tree& tree);

}  // namespace berth::testing
