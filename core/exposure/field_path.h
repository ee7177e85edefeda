// How fields of objects are named in messages. Thread-safety: pure function.
#pragma once

#include <cstddef>
#include <string>

namespace berth::exposure {

// "spec.ports" and 2 -> "spec.ports[2]".
inline std::string indexed(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

}  // namespace berth::exposure
