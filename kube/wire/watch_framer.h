// WatchFramer: bytes of a watch as they arrive -> whole lines.
//
// Knows nothing of JSON. A line longer than the bound spoils the framer for good, so that a server which
// never sends a line end cannot fill the memory; lines before it are still delivered. Thread-safety: one
// owner.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace berth::wire {

class WatchFramer {
 public:
  static constexpr std::size_t kDefaultMaxLine = 8U << 20U;

  // Bytes of one line without its end.
  explicit WatchFramer(std::size_t max_line = kDefaultMaxLine) : max_line_(max_line) {}

  // Appends. Call next() until it has nothing before feeding again: fed bytes are held until then.
  void feed(std::string_view bytes);

  // The next line without "\n" or "\r\n"; empty lines are skipped. nullopt: more bytes are needed. The view
  // lives until the next call of feed(). Errors: Malformed, and the same one ever after.
  Result<std::optional<std::string_view>> next();

  // Bytes of an unfinished line are held: a stream that ends now was cut.
  [[nodiscard]] bool mid_line() const { return start_ < buffer_.size(); }

 private:
  std::size_t max_line_;
  std::string buffer_ = {};
  std::size_t start_ = 0;    // of the line that is being collected
  std::size_t scanned_ = 0;  // no line end before here
  bool spoiled_ = false;
};

}  // namespace berth::wire
