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

  [[nodiscard]] std::string_view ns() const { return {bytes_.get() + kHead, sizes().ns}; }
  [[nodiscard]] std::string_view name() const { return {bytes_.get() + kHead + sizes().ns, sizes().name}; }

  template <class T>
  [[nodiscard]] std::shared_ptr<const T> unpack() const {
    const Sizes size = sizes();
    auto object =
        std::make_shared<T>(json::unpack<T>({bytes_.get() + kHead + size.ns + size.name, size.rest}));
    object->meta.ns = ns();
    object->meta.name = name();
    return object;
  }

 private:
  struct Sizes {
    std::uint32_t ns;
    std::uint32_t name;
    std::uint32_t rest;
  };
  static constexpr std::size_t kHead = sizeof(Sizes);

  Packed(std::string_view ns, std::string_view name, std::string_view rest);
  [[nodiscard]] Sizes sizes() const;

  std::shared_ptr<const char[]> bytes_;  // Sizes, namespace, name, the rest
};

}  // namespace berth::json
