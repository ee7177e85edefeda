// Part: a document that was read, or a value in it, to be decoded without reading the text again.
//
// Reading checks the whole text once (reader.h); whoever knows only then what stands in a part of it, as in
// an AdmissionReview, need not check that part a second time. Each thread keeps the memory that its last
// small document was read in for the next. Thread-safety: immutable; stays, with its copies, in its thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "kube/json/archive.h"

namespace berth::json {

class Part {
 public:
  // Nothing.
  Part() = default;

  // The document. The text must outlive it and everything in it. Errors: as read_document().
  static Result<Part> whole(std::string_view text);

  // The value at that path, whose keys live as long as the text; nothing when there is none or null.
  [[nodiscard]] Part at(std::initializer_list<std::string_view> path) const;

  [[nodiscard]] bool empty() const { return place_ == nullptr; }
  // As it stands in the document; "" for nothing.
  [[nodiscard]] std::string_view text() const;
  bool operator==(const Part& other) const { return text() == other.text(); }

  // As read_document(text(), body), paths in errors begin here. Requires: not empty.
  Status read(const std::function<void(Archive&)>& body) const;

 private:
  struct Place;
  explicit Part(std::shared_ptr<const Place> place) : place_(std::move(place)) {}
  std::shared_ptr<const Place> place_ = {};
};

}  // namespace berth::json
