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
  // What it says, by the members at the top of it that say it. JSON texts; "" = none.
  std::string spec = {};
  std::string specs = {};     // of kinds that may have several
  std::string webhooks = {};  // of configurations of admission

  bool operator==(const CustomObject&) const = default;
};

}  // namespace berth
