// Digest: what a secret is remembered by, so that it need not be kept.
//
// Thread-safety: free functions without state.
#pragma once

#include <string>
#include <string_view>

namespace berth::http {

// SHA-256 (FIPS 180-4), 32 raw bytes. Aborts when OpenSSL has none.
std::string sha256(std::string_view text);

}  // namespace berth::http
