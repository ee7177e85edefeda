#include "core/base/reasons.h"

#include <algorithm>
#include <iterator>

namespace berth::reason {

bool is_known(std::string_view reason) {
  return std::find(std::begin(kAll), std::end(kAll), reason) != std::end(kAll);
}

}  // namespace berth::reason
