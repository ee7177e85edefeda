// Bounds on manifests: what is larger is refused, never cut.
#pragma once

#include <cstddef>

namespace berth::cli {

inline constexpr std::size_t kMaxFileBytes = 256U << 20U;
inline constexpr std::size_t kMaxYamlDocumentBytes = 8U << 20U;
inline constexpr std::size_t kMaxJsonDocumentBytes = 64U << 20U;
inline constexpr std::size_t kMaxValues = 4'000'000;  // scalars, lists and mappings of one document
inline constexpr int kMaxDepth = 100;

}  // namespace berth::cli
