// The name that was probably meant. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

// The one of `names` that is at most two letters away from `written`, "" when none is.
std::string_view nearest(const std::vector<std::string_view>& names, std::string_view written);

// ", did you mean X?" or "".
std::string did_you_mean(const std::vector<std::string_view>& names, std::string_view written);

}  // namespace berth::cli
