#include "kube/json/document.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>
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

// A key with what tells most keys apart without looking at their text: `mark` is the same for equal keys.
struct Key {
  std::uint64_t mark = 0;
  std::string_view text = {};

  bool operator==(const Key& other) const { return mark == other.mark && text == other.text; }
  bool operator<(const Key& other) const { return std::tie(mark, text) < std::tie(other.mark, other.text); }
};

template <class Word>
std::uint64_t word_at(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Of its beginning, its end and its length; the words overlap in short keys.
Key marked(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  const std::size_t size = text.size();
  const char* const begin = text.data();
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (size >= sizeof(std::uint64_t)) {
    first = word_at<std::uint64_t>(begin);
    last = word_at<std::uint64_t>(begin + size - sizeof(std::uint64_t));
  } else if (size >= sizeof(std::uint32_t)) {
    first = word_at<std::uint32_t>(begin);
    last = word_at<std::uint32_t>(begin + size - sizeof(std::uint32_t));
  } else if (size > 0) {
    first = word_at<std::uint8_t>(begin);
    last = word_at<std::uint8_t>(begin + size / 2) << 8U | word_at<std::uint8_t>(begin + size - 1);
  }
  return {(first ^ std::rotl(last, 29)) + size * kOdd, text};
}

// One pass over the document. The keys of all objects that are open stand in one vector, so that nothing is
// allocated for an object, and the path is only known on the way back from a key that stands twice.
class DuplicateSearch {
 public:
  // False: a key stands twice; path() names it.
  bool passes(const dom::element& value) {
    switch (value.type()) {
      case dom::element_type::OBJECT:
        return passes_object(dom::object(value.get_object().value_unsafe()));
      case dom::element_type::ARRAY:
        return passes_list(dom::array(value.get_array().value_unsafe()));
      default:
        return true;
    }
  }

  // Requires: passes() has said no.
  [[nodiscard]] std::string path() {
    path_.reverse();
    return path_.text();
  }

 private:
  // Beyond this, sorting is cheaper than comparing each with each.
  static constexpr std::ptrdiff_t kFew = 16;

  bool passes_list(const dom::array& list) {
    std::size_t index = 0;
    for (const dom::element element : list) {
      if (!passes(element)) {
        path_.push_index(index);
        return false;
      }
      ++index;
    }
    return true;
  }

  bool passes_object(const dom::object& object) {
    const std::size_t first = keys_.size();
    for (const auto& field : object) {
      keys_.push_back(marked(field.key));
      if (!passes(field.value)) {
        path_.push(field.key);
        return false;
      }
    }
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto twice = keys_.end() - begin <= kFew ? repeated(begin) : repeated_after_sorting(begin);
    if (twice != keys_.end()) {
      path_.push(twice->text);
      return false;
    }
    keys_.resize(first);
    return true;
  }

  using Keys = std::vector<Key>;

  Keys::iterator repeated(Keys::iterator begin) {
    for (auto key = begin; key != keys_.end(); ++key) {
      if (std::find(begin, key, *key) != key) return key;
    }
    return keys_.end();
  }

  Keys::iterator repeated_after_sorting(Keys::iterator begin) {
    std::sort(begin, keys_.end());
    return std::adjacent_find(begin, keys_.end());
  }

  FieldPath path_ = {};
  Keys keys_ = {};
};

}  // namespace

Result<dom::element> parse_document(dom::parser& parser, std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return malformed("the document has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(kMaxDocumentBytes) + " are read");
  }
  if (parser.capacity() == 0 || parser.capacity() < text.size()) {
    // Documents that are read in one memory are about as long; simdjson counts the level of the scalars too.
    const std::size_t room = parser.capacity() == 0 ? text.size() : text.size() + (text.size() / 4);
    if (const auto code = parser.allocate(room, kMaxDepth + 1)) return not_a_document(code, text);
  }
  dom::element root;
  if (const auto code = parser.parse(text.data(), text.size()).get(root)) return not_a_document(code, text);
  return root;
}

std::optional<Error> duplicate_key(const dom::element& root) {
  DuplicateSearch search;
  if (search.passes(root)) return std::nullopt;
  std::string path = search.path();
  std::string message = path + ": this key stands twice in one object; keep one of them";
  return malformed(std::move(message), std::move(path));
}

}  // namespace berth::json
