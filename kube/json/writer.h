// Writer: prints JSON text step by step, for what has no struct in the model.
//
// Strings that are not valid UTF-8 get U+FFFD in place of the broken bytes, so that the text always is.
// Requires calls in an order that makes a document (a key before each member); a wrong order aborts.
// Thread-safety: one writer belongs to one call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace berth::json {

class Writer {
 public:
  Writer();
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_list();
  Writer& end_list();
  Writer& key(std::string_view name);

  Writer& text(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& real(double value);  // not finite: null
  Writer& boolean(bool value);
  Writer& null();
  Writer& raw(std::string_view json);  // requires valid JSON text of one value

  // key() and text() in one; likewise for the other two.
  Writer& member(std::string_view name, std::string_view value) { return key(name).text(value); }
  Writer& member(std::string_view name, const char* value) { return key(name).text(value); }
  Writer& member(std::string_view name, std::int64_t value) { return key(name).integer(value); }
  Writer& member(std::string_view name, bool value) { return key(name).boolean(value); }

  // The document. Requires: complete.
  [[nodiscard]] std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace berth::json
