// FakeServices: what the API server does to a Service on its way in: defaults, checks, nodePort numbers.
//
// Private to the fake API server. Behaviour measured on v1.36 (control-plane.md 4). Thread-safety: one owner
// (the server's lock).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/base/object_key.h"
#include "kube/http/transport.h"
#include "kube/json/tree.h"

namespace berth::testing {

class FakeServices {
 public:
  FakeServices(std::int64_t low, std::int64_t high) : low_(low), high_(high) {}

  // Completes `wanted` in place, as a create (`present` null) or an update; the refusal when it must not be.
  // Numbers are only taken by committed(), so that nothing leaks when the write fails afterwards.
  std::optional<http::Response> admit(const ObjectKey& key, const json::Tree* present, json::Tree& wanted,
                                      bool dry_run);

  // The object has become `after` (null: is gone).
  void committed(const json::Tree* before, const json::Tree* after);
  void clear() {
    taken_.clear();
    leaked_.clear();
  }

  // Taken without a Service, until the repair loop gives it back (leak_node_port).
  void leak(std::int64_t number) { leaked_.insert(number); }
  void repair() { leaked_.clear(); }

 private:
  // Of the free numbers the lowest above the band kept for explicit requests, or 0 when there is none.
  [[nodiscard]] std::int64_t free_number(const std::map<std::int64_t, bool>& chosen) const;

  [[nodiscard]] bool taken(std::int64_t number) const {
    return taken_.contains(number) || leaked_.contains(number);
  }

  std::int64_t low_;
  std::int64_t high_;
  std::map<std::int64_t, int> taken_ = {};  // number -> how many Services hold it
  std::set<std::int64_t> leaked_ = {};
  std::int64_t next_address_ = 1;
};

}  // namespace berth::testing
