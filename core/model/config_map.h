// core/v1 ConfigMap: as Berth generates it, and as controllers read it that forward streams. The operator
// watches only those that carry its label; the webhook keeps of every one no more than what forwards a stream
// (core/exposure/stream_map.h).
#pragma once

#include <map>
#include <string>

#include "core/model/meta.h"

namespace berth {

struct ConfigMap {
  Meta meta = {};
  std::map<std::string, std::string> data = {};
  bool immutable = false;  // data can then not be changed any more, and neither can this

  bool operator==(const ConfigMap&) const = default;
};

}  // namespace berth
