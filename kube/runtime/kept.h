// Kept: an object as a store holds it, whole or packed.
//
// Whole, it is read by everybody at once and for nothing; packed, it takes a third of the memory and each
// reader gets a copy of his own (kube/json/packed.h). Thread-safety: immutable; copies share.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/object_key.h"
#include "kube/json/packed.h"

namespace berth::runtime {

template <class T>
class Kept {
 public:
  static Kept whole(T object) { return Kept(std::make_shared<const T>(std::move(object))); }
  static Kept packed(T object) { return Kept(json::Packed::of(std::move(object))); }

  [[nodiscard]] std::string_view ns() const {
    const auto* packed = std::get_if<json::Packed>(&kept_);
    return packed != nullptr ? packed->ns() : std::string_view(std::get<Whole>(kept_)->meta.ns);
  }
  [[nodiscard]] std::string_view name() const {
    const auto* packed = std::get_if<json::Packed>(&kept_);
    return packed != nullptr ? packed->name() : std::string_view(std::get<Whole>(kept_)->meta.name);
  }
  // nullptr when it is whole.
  [[nodiscard]] const json::Packed* as_packed() const { return std::get_if<json::Packed>(&kept_); }
  // Are both the very same object, neither made anew meanwhile?
  [[nodiscard]] bool same(const Kept& other) const { return kept_ == other.kept_; }
  [[nodiscard]] std::shared_ptr<const T> object() const {
    const auto* packed = std::get_if<json::Packed>(&kept_);
    return packed != nullptr ? packed->template unpack<T>() : std::get<Whole>(kept_);
  }

 private:
  using Whole = std::shared_ptr<const T>;

  explicit Kept(std::variant<Whole, json::Packed> kept) : kept_(std::move(kept)) {}

  std::variant<Whole, json::Packed> kept_;
};

// Orders them by namespace and name, which stand in the objects alone.
struct KeptByKey {
  using is_transparent = void;
  using Key = std::pair<std::string_view, std::string_view>;
  template <class T>
  static Key key(const Kept<T>& kept) {
    return {kept.ns(), kept.name()};
  }
  static Key key(const ObjectKey& key) { return {key.ns, key.name}; }
  static Key key(const Key& key) { return key; }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return key(a) < key(b);
  }
};

}  // namespace berth::runtime
