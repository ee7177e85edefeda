#include "kube/json/writer.h"

#include <cmath>
#include <cstdlib>

#include "kube/json/utf8.h"

// A key where a value belongs is a bug of ours, and half a document must never leave the program.
#define RAPIDJSON_ASSERT(condition) ((condition) ? static_cast<void>(0) : std::abort())
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace berth::json {

struct Writer::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

namespace {

rapidjson::SizeType size_of(std::string_view text) {
  if (text.size() > UINT32_MAX) std::abort();
  return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

Writer::Writer() : state_(std::make_unique<State>()) {}
Writer::~Writer() = default;

Writer& Writer::begin_object() {
  state_->writer.StartObject();
  return *this;
}

Writer& Writer::end_object() {
  state_->writer.EndObject();
  return *this;
}

Writer& Writer::begin_list() {
  state_->writer.StartArray();
  return *this;
}

Writer& Writer::end_list() {
  state_->writer.EndArray();
  return *this;
}

Writer& Writer::key(std::string_view name) { return text(name); }

Writer& Writer::text(std::string_view value) {
  if (is_valid_utf8(value)) {
    state_->writer.String(value.data(), size_of(value));
    return *this;
  }
  const std::string valid = valid_utf8(value);
  state_->writer.String(valid.data(), size_of(valid));
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  state_->writer.Int64(value);
  return *this;
}

Writer& Writer::real(double value) {
  if (!std::isfinite(value)) return null();
  state_->writer.Double(value);
  return *this;
}

Writer& Writer::boolean(bool value) {
  state_->writer.Bool(value);
  return *this;
}

Writer& Writer::null() {
  state_->writer.Null();
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  if (json.empty()) std::abort();
  state_->writer.RawValue(json.data(), size_of(json), rapidjson::kObjectType);
  return *this;
}

std::string Writer::take() {
  if (!state_->writer.IsComplete()) std::abort();
  std::string text(state_->buffer.GetString(), state_->buffer.GetSize());
  state_ = std::make_unique<State>();
  return text;
}

}  // namespace berth::json
