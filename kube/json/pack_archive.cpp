#include "kube/json/pack_archive.h"

#include <cstdlib>

#include "core/base/overloaded.h"

namespace berth::json {
namespace {

// What of the IntOrString there is.
enum Choice : unsigned { kNothing, kNumber, kName };

}  // namespace

void UnmarkedArchive::fail(std::string_view /*why*/) { std::abort(); }

bool PackArchive::enter(std::string_view /*name*/, bool write) {
  put_byte(write ? 1 : 0);
  return write;
}

bool PackArchive::begin_list(std::size_t size) {
  put_number(bytes_, size);
  open_list(size);
  return true;
}

void PackArchive::integer(std::int64_t& value, IntegerRange /*range*/) { put_signed(bytes_, value); }

void PackArchive::int_or_string(TargetPort& value) {
  std::visit(Overloaded{[this](std::monostate) { put_byte(kNothing); },
                        [this](std::int64_t number) {
                          put_byte(kNumber);
                          put_signed(bytes_, number);
                        },
                        [this](const std::string& name) {
                          put_byte(kName);
                          put_text(name);
                        }},
             value);
}

void PackArchive::string_map(std::map<std::string, std::string>& value) {
  put_number(bytes_, value.size());
  for (const auto& [key, text] : value) {
    put_text(key);
    put_text(text);
  }
}

bool UnpackArchive::enter(std::string_view /*name*/, bool /*write*/) { return take_byte() != 0; }

bool UnpackArchive::begin_list(std::size_t /*size*/) {
  open_list(take_number(bytes_));
  return true;
}

void UnpackArchive::integer(std::int64_t& value, IntegerRange /*range*/) { value = take_signed(bytes_); }

void UnpackArchive::int_or_string(TargetPort& value) {
  switch (take_byte()) {
    case kNumber:
      value = take_signed(bytes_);
      return;
    case kName:
      take_text(value.emplace<std::string>());
      return;
    default:
      value = std::monostate{};
  }
}

void UnpackArchive::string_map(std::map<std::string, std::string>& value) {
  for (std::uint64_t left = take_number(bytes_); left > 0; --left) {
    std::string key;
    take_text(key);
    // In their order already.
    take_text(value.emplace_hint(value.end(), std::move(key), std::string())->second);
  }
}

unsigned UnpackArchive::take_byte() { return static_cast<unsigned char>(take_bytes(bytes_, 1).front()); }

}  // namespace berth::json
