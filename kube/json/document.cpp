#include "kube/json/document.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kube/json/codec.h"
#include "kube/json/path.h"

namespace berth::json {
namespace {

namespace dom = simdjson::dom;

Error not_a_document(simdjson::error_code code, std::string_view text) {
  switch (code) {
    case simdjson::EMPTY:
      return malformed("the document is empty");
    case simdjson::DEPTH_ERROR:
      return malformed("the document is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    case simdjson::UTF8_ERROR:
      return malformed("the document is not valid UTF-8");
    case simdjson::NUMBER_ERROR:
      return malformed("the document has a number that is not JSON or fits no 64 bits");
    case simdjson::MEMALLOC:
      return Error{Code::kUnavailable, "not enough memory to read the document"};
    default:
      break;
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return malformed("the document begins with a byte order mark: JSON has none");
  }
  return malformed(std::string("the document is not JSON: ") + simdjson::error_message(code));
}

class DuplicateSearch {
 public:
  std::optional<Error> in(const dom::element& value) {
    dom::object object;
    if (value.get(object) == simdjson::SUCCESS) return in_object(object);
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return std::nullopt;
    std::size_t index = 0;
    path_.push_index(0);
    for (const dom::element element : list) {
      path_.set_index(index++);
      if (auto error = in(element)) return error;
    }
    path_.pop();
    return std::nullopt;
  }

 private:
  std::optional<Error> in_object(const dom::object& object) {
    if (const auto key = repeated_key(object)) {
      path_.push(*key);
      const std::string path = path_.text();
      return malformed(path + ": this key stands twice in one object; keep one of them", path);
    }
    for (const auto& field : object) {
      path_.push(field.key);
      if (auto error = in(field.value)) return error;
      path_.pop();
    }
    return std::nullopt;
  }

  std::optional<std::string_view> repeated_key(const dom::object& object) {
    keys_.clear();
    for (const auto& field : object) keys_.push_back(field.key);
    std::sort(keys_.begin(), keys_.end());
    const auto twice = std::adjacent_find(keys_.begin(), keys_.end());
    if (twice == keys_.end()) return std::nullopt;
    return *twice;
  }

  FieldPath path_ = {};
  std::vector<std::string_view> keys_ = {};  // of one object at a time; a member for its memory
};

}  // namespace

Result<dom::element> parse_document(dom::parser& parser, std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return malformed("the document has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(kMaxDocumentBytes) + " are read");
  }
  // simdjson counts the level of the scalars too.
  if (const auto code = parser.allocate(text.size(), kMaxDepth + 1)) return not_a_document(code, text);
  dom::element root;
  if (const auto code = parser.parse(text.data(), text.size()).get(root)) return not_a_document(code, text);
  return root;
}

std::optional<Error> duplicate_key(const dom::element& root) { return DuplicateSearch().in(root); }

}  // namespace berth::json
