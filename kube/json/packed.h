// Packed: a model struct as few bytes, for who keeps tens of thousands of them and reads few at a time.
//
// A third end of the descriptions (archive.h), beside reader and writer: the members in their order without
// names, empty ones as one byte. A tenth to a third of the struct's memory, at some microseconds for each
// way. Never leaves the process: no version, no checks against damage (what does not fit aborts). What the
// API does not have is not kept (AllocationPort::group). Thread-safety: immutable once made; copies share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace berth::json {

// The members of `object` but apiVersion and kind, which only structs for several kinds keep; for every kind
// of codec.h.
template <class T>
std::string pack(const T& object);
template <class T>
T unpack(std::string_view packed);

// One object whose key can be read without unpacking it.
class Packed {
 public:
  template <class T>
  static Packed of(T object) {
    std::string ns = std::move(object.meta.ns);
    std::string name = std::move(object.meta.name);
    object.meta.ns.clear();
    object.meta.name.clear();
    return {ns, name, pack(object)};
  }

  // The very same bytes, or a copy that shares them?
  bool operator==(const Packed& other) const { return bytes_ == other.bytes_; }

  [[nodiscard]] std::string_view ns() const { return ns_in(bytes_.get()); }
  [[nodiscard]] std::string_view name() const { return name_in(bytes_.get()); }

  template <class T>
  [[nodiscard]] std::shared_ptr<const T> unpack() const {
    return std::make_shared<const T>(unpacked<T>(bytes_.get()));
  }

  // For who keeps the bytes alone and remembers what they are.
  [[nodiscard]] std::shared_ptr<const void> bytes() const { return bytes_; }
  template <class T>
  static std::unique_ptr<const T> unpack_bytes(const void* bytes) {
    return std::make_unique<const T>(unpacked<T>(static_cast<const char*>(bytes)));
  }

 private:
  struct Sizes {
    std::uint32_t ns;
    std::uint32_t name;
    std::uint32_t rest;
  };
  static constexpr std::size_t kHead = sizeof(Sizes);

  Packed(std::string_view ns, std::string_view name, std::string_view rest);
  static Sizes sizes_in(const char* bytes);
  static std::string_view ns_in(const char* bytes) { return {bytes + kHead, sizes_in(bytes).ns}; }
  static std::string_view name_in(const char* bytes) {
    const Sizes sizes = sizes_in(bytes);
    return {bytes + kHead + sizes.ns, sizes.name};
  }
  template <class T>
  static T unpacked(const char* bytes) {
    const Sizes sizes = sizes_in(bytes);
    T object = json::unpack<T>({bytes + kHead + sizes.ns + sizes.name, sizes.rest});
    object.meta.ns = ns_in(bytes);
    object.meta.name = name_in(bytes);
    return object;
  }

  std::shared_ptr<const char[]> bytes_;  // Sizes, namespace, name, the rest
};

}  // namespace berth::json
