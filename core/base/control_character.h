// Characters that would break a line of text that is shown: control characters of ASCII.
//
// Thread-safety: pure function.
#pragma once

namespace berth {

// U+0000 to U+001F and U+007F. Bytes of longer characters of UTF-8 are none, whether `char` is signed or not:
// it is on x86, and is not on ARM.
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace berth
