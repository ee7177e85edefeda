// Result<T>: a value or an Error; the only way a function of ours reports failure.
//
// A small subset of std::expected (C++23). Expected outcomes (a range that is full, a denied manifest) are
// values, not errors. A broken invariant is neither: it aborts.
// Thread-safety: as the contained type.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace berth {

// Only what a caller branches on.
enum class Code {
  kMalformed,    // the input cannot be what it claims to be
  kNotFound,     // HTTP 404
  kConflict,     // HTTP 409: a precondition failed, read again and decide anew
  kExists,       // HTTP 409 AlreadyExists: somebody holds that name
  kInvalid,      // HTTP 422: the server refuses the content; repeating it is useless
  kGone,         // HTTP 410 or a watch ERROR event Expired: list again
  kForbidden,    // HTTP 401 and 403
  kThrottled,    // HTTP 429: wait retry_after
  kUnavailable,  // connection refused or broken, HTTP 5xx: whether a write took effect is not known
  kTimeout,      // no answer in time: whether a write took effect is not known
  kCancelled,    // we asked for the end
};

// The API-like name of a code, e.g. "NotFound".
const char* to_string(Code code);

struct Error {
  Code code = Code::kMalformed;
  std::string message;          // a sentence for people; names field, value and what would be right
  std::string field = {};       // path of the offending field, "" when there is none
  int retry_after_seconds = 0;  // kThrottled and kUnavailable: the server's Retry-After, 0 when it gave none

  bool operator==(const Error&) const = default;
};

inline Error malformed(std::string message, std::string field = {}) {
  return Error{Code::kMalformed, std::move(message), std::move(field)};
}

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-*)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Requires ok(); aborts otherwise.
  T& value() & { return ok() ? *std::get_if<0>(&state_) : fail(); }
  const T& value() const& { return ok() ? *std::get_if<0>(&state_) : const_cast<Result*>(this)->fail(); }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Requires !ok(); aborts otherwise.
  [[nodiscard]] const Error& error() const& {
    if (ok()) std::abort();
    return *std::get_if<1>(&state_);
  }
  Error&& error() && { return std::move(const_cast<Error&>(std::as_const(*this).error())); }

  bool operator==(const Result&) const = default;

 private:
  [[noreturn]] T& fail() { std::abort(); }

  std::variant<T, Error> state_;
};

struct Done {
  bool operator==(const Done&) const = default;
};

// The result of something done only for its effect.
using Status = Result<Done>;
inline Status ok_status() { return Done{}; }

}  // namespace berth

#define BERTH_CONCAT_(a, b) a##b
#define BERTH_CONCAT(a, b) BERTH_CONCAT_(a, b)

// TRY(auto port, parse_port(text)): declares `port`, or returns the error from the enclosing function.
#define TRY(declaration, ...)                                                                     \
  auto BERTH_CONCAT(try_, __LINE__) = (__VA_ARGS__);                                              \
  if (!BERTH_CONCAT(try_, __LINE__).ok()) return std::move(BERTH_CONCAT(try_, __LINE__)).error(); \
  declaration = std::move(BERTH_CONCAT(try_, __LINE__)).value()

// TRY_DONE(write(x)): the same for a Status, or for a value that is not needed.
#define TRY_DONE(...)                                       \
  do {                                                      \
    auto try_done = (__VA_ARGS__);                          \
    if (!try_done.ok()) return std::move(try_done).error(); \
  } while (false)
