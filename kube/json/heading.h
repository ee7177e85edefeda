// Heading: what an object of any kind says of itself before anybody knows how to decode it.
//
// Also reads PartialObjectMetadata answers. Thread-safety: free functions without state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/meta.h"

namespace berth::json {

struct Heading {
  std::string api_version = {};
  std::string kind = {};
  Meta meta = {};

  bool operator==(const Heading&) const = default;
};

Result<Heading> decode_heading(std::string_view text);

// The JSON text of each element of `items`, for a List of mixed kinds. Absent and null: none.
Result<std::vector<std::string>> decode_items(std::string_view text);

}  // namespace berth::json
