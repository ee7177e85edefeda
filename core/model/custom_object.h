// An object of a kind that only an adapter knows (kube/adapters): what it says is kept as it is written.
//
// Plain data, compared with ==.
#pragma once

#include <string>

#include "core/model/meta.h"

namespace berth {

struct CustomObject {
  std::string api_version = {};
  std::string kind = {};
  Meta meta = {};
  std::string spec = {};  // JSON text; "" = none

  bool operator==(const CustomObject&) const = default;
};

}  // namespace berth
