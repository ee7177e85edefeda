// Archive: what a description of a struct talks to, so that one description serves reader and writer.
//
// A kind is described once, as `void describe(Archive&, Kind&)` made of member(), group() and their like; the
// reading archive fills the struct, the writing archive prints it and never changes it. In both directions a
// description enters the same members in the same order, whatever their values (packed.h). The first error
// sticks and turns every later call into a no-op, so descriptions need no branches. Null counts as absent, as
// for the API server; fields nobody describes are ignored. Not a general JSON interface: reader.h and
// writer.h are the two ends. No third-party type appears here. Thread-safety: an archive belongs to one call.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/port.h"
#include "core/model/service.h"

namespace berth::json {

// What an integer field can hold; the API's integers are int32 unless their type says int64.
struct IntegerRange {
  std::int64_t min = std::numeric_limits<std::int32_t>::min();
  std::int64_t max = std::numeric_limits<std::int32_t>::max();
};
inline constexpr IntegerRange kInt32 = {};
inline constexpr IntegerRange kInt64 = {std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::int64_t>::max()};

class Archive {
 public:
  virtual ~Archive() = default;

  [[nodiscard]] virtual bool reading() const = 0;
  // What only the server sets is wanted, too: by readers, and by who keeps a whole copy.
  [[nodiscard]] virtual bool complete() const { return reading(); }

  // Makes member `name` of the current object the current value. Reading: false when it is absent or null.
  // Writing: prints the key when `write`, and returns `write`. Each true needs one leave().
  virtual bool enter(std::string_view name, bool write) = 0;
  virtual void leave() = 0;

  // The current value as an object. Reading: false when it is none; each true needs one end_object().
  virtual bool begin_object() = 0;
  virtual void end_object() = 0;

  // The current value as a list: begin_list, next_element until it is false, end_list. Writing: `size`
  // elements follow. Reading: false when it is no list.
  virtual bool begin_list(std::size_t size) = 0;
  virtual bool next_element() = 0;
  virtual void end_list() = 0;

  // The current value as a scalar; another type than the one asked for is an error.
  virtual void text(std::string& value) = 0;
  virtual void boolean(bool& value) = 0;
  virtual void integer(std::int64_t& value, IntegerRange range) = 0;
  // IntOrString. Writing requires that it is not absent.
  virtual void int_or_string(TargetPort& value) = 0;
  // {"key": "value"}; a null value reads as "", as the API server reads it.
  virtual void string_map(std::map<std::string, std::string>& value) = 0;
  // The current value as JSON text of its own, whatever it is and as it was written, where that can be told.
  // Writing requires valid JSON text.
  virtual void raw(std::string& value) = 0;

  // Reading: the current value is wrong; `why` follows the path, as in "'tcp' is not a protocol: write ...".
  virtual void fail(std::string_view why) = 0;
};

// When a member is written: empty values are left out unless the API needs them.
enum class Write { kUnlessEmpty, kAlways };

template <class T>
void value(Archive& archive, T& v);

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

void protocol(Archive& archive, Protocol& v);

template <class T>
void list(Archive& archive, std::vector<T>& v) {
  if (!archive.begin_list(v.size())) return;
  for (std::size_t i = 0; archive.next_element(); ++i) {
    if (archive.reading()) v.emplace_back();
    value(archive, v[i]);
  }
  archive.end_list();
}

}  // namespace detail

// The current value, by the C++ type of `v`; structs by their describe().
template <class T>
void value(Archive& archive, T& v) {
  if constexpr (std::is_same_v<T, std::string>) {
    archive.text(v);
  } else if constexpr (std::is_same_v<T, bool>) {
    archive.boolean(v);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    archive.integer(v, kInt32);
  } else if constexpr (std::is_same_v<T, Protocol>) {
    detail::protocol(archive, v);
  } else if constexpr (std::is_same_v<T, TargetPort>) {
    archive.int_or_string(v);
  } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    archive.string_map(v);
  } else if constexpr (std::is_same_v<T, Uid>) {
    archive.text(v.text);
  } else if constexpr (detail::IsVector<T>::value) {
    detail::list(archive, v);
  } else if constexpr (detail::IsOptional<T>::value) {
    if (archive.reading()) v.emplace();
    value(archive, *v);
  } else if (archive.begin_object()) {
    describe(archive, v);
    archive.end_object();
  }
}

// Member `name` holds `v`. A struct counts as empty when it equals a fresh one; a Protocol is always written.
template <class T>
void member(Archive& archive, std::string_view name, T& v, Write write = Write::kUnlessEmpty) {
  const bool always = write == Write::kAlways || std::is_same_v<T, Protocol>;
  if (!archive.enter(name, always || !(v == T{}))) return;
  value(archive, v);
  archive.leave();
}

// An int64 of the API: generations, counters that only grow.
inline void wide_member(Archive& archive, std::string_view name, std::int64_t& v,
                        Write write = Write::kUnlessEmpty) {
  if (!archive.enter(name, write == Write::kAlways || v != 0)) return;
  archive.integer(v, kInt64);
  archive.leave();
}

// Member `name` as JSON text; "" when absent.
inline void raw_member(Archive& archive, std::string_view name, std::string& v) {
  if (!archive.enter(name, !v.empty())) return;
  archive.raw(v);
  archive.leave();
}

// An object of the API without a struct of its own in the model: `body` describes its members. Writing: left
// out unless `write`.
template <class Body>
void group(Archive& archive, std::string_view name, bool write, Body&& body) {
  if (!archive.enter(name, write)) return;
  if (archive.begin_object()) {
    body();
    archive.end_object();
  }
  archive.leave();
}

// A list of the API whose elements have no struct of their own: `element(T&)` describes one.
template <class T, class Element>
void group_list(Archive& archive, std::string_view name, std::vector<T>& v, Element&& element) {
  if (!archive.enter(name, !v.empty())) return;
  if (archive.begin_list(v.size())) {
    for (std::size_t i = 0; archive.next_element(); ++i) {
      if (archive.reading()) v.emplace_back();
      if (archive.begin_object()) {
        element(v[i]);
        archive.end_object();
      }
    }
    archive.end_list();
  }
  archive.leave();
}

}  // namespace berth::json
