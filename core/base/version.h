// The version of every program, as `--version` and the User-Agent say it.
#pragma once

namespace berth {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace berth
