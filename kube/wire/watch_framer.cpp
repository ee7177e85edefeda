#include "kube/wire/watch_framer.h"

namespace berth::wire {

void WatchFramer::feed(std::string_view bytes) {
  if (spoiled_) return;
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  buffer_ += bytes;
}

Result<std::optional<std::string_view>> WatchFramer::next() {
  while (!spoiled_) {
    const std::size_t end = buffer_.find('\n', scanned_);
    const bool whole = end != std::string::npos;
    std::size_t length = (whole ? end : buffer_.size()) - start_;
    scanned_ = whole ? end + 1 : buffer_.size();
    // A last "\r" may belong to the line end.
    if (length > 0 && buffer_[start_ + length - 1] == '\r') --length;
    if (length > max_line_) break;
    if (!whole) return std::optional<std::string_view>();
    const std::string_view line(buffer_.data() + start_, length);
    start_ = end + 1;
    if (!line.empty()) return std::optional<std::string_view>(line);
  }
  spoiled_ = true;
  buffer_.clear();
  buffer_.shrink_to_fit();
  start_ = scanned_ = 0;
  return malformed("a line of the watch is longer than " + std::to_string(max_line_) + " bytes");
}

}  // namespace berth::wire
