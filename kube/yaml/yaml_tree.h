// YamlTree: one YAML document as plain data, for files a person or a tool wrote.
//
// Scalars stay text. Refused: anchors and aliases (a small file of them can stand
// for a huge one), a key twice in one mapping, keys that are no scalars, more than one document, more than
// 1 MiB, deeper than 32. Thread-safety: free function without state.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace berth::yaml {

inline constexpr std::size_t kMaxYamlBytes = 1U << 20U;
inline constexpr std::size_t kMaxYamlDepth = 32;

struct YamlTree {
  using List = std::vector<YamlTree>;
  using Mapping = std::map<std::string, YamlTree>;
  // monostate: null or nothing at all.
  std::variant<std::monostate, std::string, List, Mapping> value = {};

  [[nodiscard]] bool absent() const { return std::holds_alternative<std::monostate>(value); }
};

// An empty text is an absent tree. Errors: Malformed with the line.
Result<YamlTree> parse_yaml(std::string_view text);

}  // namespace berth::yaml
