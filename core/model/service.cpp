#include "core/model/service.h"

#include "core/base/overloaded.h"

namespace berth {

std::string to_string(const TargetPort& target) {
  return std::visit(Overloaded{[](std::monostate) { return std::string(); },
                               [](std::int64_t number) { return std::to_string(number); },
                               [](const std::string& name) { return name; }},
                    target);
}

}  // namespace berth
