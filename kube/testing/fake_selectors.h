// FakeSelectors: label and field selectors of a query against an object.
//
// Private to the fake API server. Source: Kubernetes docs "Labels and Selectors", "Field Selectors".
// Thread-safety: values.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/json/tree.h"

namespace berth::testing {

class FakeSelector {
 public:
  // Labels: "a=b,c==d,e!=f,g,!h,i in (x,y),j notin (z)". Fields: "metadata.name=x,spec.type!=y".
  static Result<FakeSelector> parse(std::string_view labels, std::string_view fields);

  [[nodiscard]] bool matches(const json::Tree& object) const;
  [[nodiscard]] bool everything() const { return terms_.empty(); }

 private:
  using Term = std::function<bool(const json::Tree&)>;
  std::vector<Term> terms_;
};

}  // namespace berth::testing
