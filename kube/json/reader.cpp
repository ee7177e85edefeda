#include "kube/json/reader.h"

#include <charconv>
#include <span>
#include <utility>
#include <vector>

#include "core/base/control_character.h"
#include "kube/json/document.h"
#include "kube/json/part.h"
#include "kube/json/path.h"
#include "kube/json/slice.h"
#include "kube/json/utf8.h"

namespace berth::json {
namespace {

namespace dom = simdjson::dom;

// What an error shows of a value; enough to find it, and one line.
constexpr std::size_t kMaxShownBytes = 64;

std::string shown(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::ARRAY:
      return "a list";
    case dom::element_type::NULL_VALUE:
      return "null";
    case dom::element_type::STRING:
      break;
    default:
      return simdjson::to_string(value);
  }
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return "a string";
  const std::string_view cut = cut_utf8(text, kMaxShownBytes);
  std::string line = "'";
  for (const char c : cut) line += is_control(c) ? '?' : c;
  if (cut.size() < text.size()) line += "...";
  return line + "'";
}

const char* type_name(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::ARRAY:
      return "a list";
    case dom::element_type::STRING:
      return "a string";
    case dom::element_type::BOOL:
      return "a boolean";
    case dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

// "'5432' is a string", "a list" for what has no short form.
std::string what_it_is(const dom::element& value) {
  const std::string text = shown(value);
  const std::string name = type_name(value);
  if (text == name) return "this is " + name;
  return text + " is " + name;
}

bool is_integer_text(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && code == std::errc() && end == text.data() + text.size();
}

class ReadArchive final : public Archive {
 public:
  // `way`: where `root` stands in the document.
  ReadArchive(std::string_view document, const dom::element& root, std::span<const std::string_view> way = {})
      : document_(document), way_(way) {
    values_.push_back(root);
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  [[nodiscard]] bool reading() const override { return true; }

  bool enter(std::string_view name, bool /*write*/) override {
    if (error_) return false;
    dom::object object;
    dom::element member;
    // The document has no duplicate keys, so the first is the only one.
    if (values_.back().get(object) != simdjson::SUCCESS) return false;
    if (object.at_key(name).get(member) != simdjson::SUCCESS || member.is_null()) return false;
    values_.push_back(member);
    path_.push(name);
    return true;
  }

  void leave() override {
    if (error_) return;
    values_.pop_back();
    path_.pop();
  }

  bool begin_object() override {
    if (error_) return false;
    if (values_.back().is_object()) return true;
    fail(what_it_is(values_.back()) + "; write an object");
    return false;
  }

  void end_object() override {}

  bool begin_list(std::size_t /*size*/) override {
    if (error_) return false;
    dom::array list;
    if (values_.back().get(list) != simdjson::SUCCESS) {
      fail(what_it_is(values_.back()) + "; write a list");
      return false;
    }
    lists_.push_back({list.begin(), list.end(), 0});
    values_.push_back(values_.back());
    path_.push_index(0);
    return true;
  }

  bool next_element() override {
    if (error_) return false;
    Cursor& cursor = lists_.back();
    if (!(cursor.next != cursor.end)) return false;
    values_.back() = *cursor.next;
    path_.set_index(cursor.index);
    ++cursor.next;
    ++cursor.index;
    return true;
  }

  void end_list() override {
    if (error_) return;
    lists_.pop_back();
    values_.pop_back();
    path_.pop();
  }

  void text(std::string& value) override {
    if (error_) return;
    const dom::element& here = values_.back();
    std::string_view text;
    if (here.get(text) == simdjson::SUCCESS) {
      value = text;
    } else if (here.is_number() || here.is_bool()) {
      fail(shown(here) + " is not a string; write it in quotes, \"" + simdjson::to_string(here) + "\"");
    } else {
      fail(what_it_is(here) + "; write a string");
    }
  }

  void boolean(bool& value) override {
    if (error_) return;
    if (values_.back().get(value) != simdjson::SUCCESS) {
      fail(what_it_is(values_.back()) + "; write true or false without quotes");
    }
  }

  void integer(std::int64_t& value, IntegerRange range) override {
    if (error_) return;
    const dom::element& here = values_.back();
    std::string_view text;
    if (here.type() == dom::element_type::DOUBLE) {
      fail(shown(here) + " is not a whole number; write digits only, as in 5432");
    } else if (here.get(text) == simdjson::SUCCESS && is_integer_text(text)) {
      fail(shown(here) + " is a string; write the number without quotes, " + std::string(text));
    } else if (!here.is_number()) {
      fail(what_it_is(here) + "; write a whole number");
    } else if (here.get(value) != simdjson::SUCCESS || value < range.min || value > range.max) {
      value = 0;
      fail(shown(here) + " is out of range; write a whole number from " + std::to_string(range.min) + " to " +
           std::to_string(range.max));
    }
  }

  void int_or_string(TargetPort& value) override {
    if (error_) return;
    if (values_.back().is_string()) {
      text(value.emplace<std::string>());
    } else if (values_.back().is_number()) {
      integer(value.emplace<std::int64_t>(), kInt32);
    } else {
      fail(what_it_is(values_.back()) + "; write a port number or the name of a container port");
    }
  }

  void string_map(std::map<std::string, std::string>& value) override {
    if (!begin_object()) return;
    dom::object object;
    if (values_.back().get(object) != simdjson::SUCCESS) return;
    for (const auto& field : object) {
      std::string& entry = value[std::string(field.key)];
      if (field.value.is_null()) continue;
      values_.push_back(field.value);
      path_.push(field.key);
      text(entry);
      if (error_) return;
      leave();
    }
  }

  void raw(std::string& value) override {
    if (error_) return;
    if (const auto keys = path_.keys()) {
      std::vector<std::string_view> from_root(way_.begin(), way_.end());
      from_root.insert(from_root.end(), keys->begin(), keys->end());
      if (const auto slice = slice_at(document_, from_root)) {
        value = *slice;
        return;
      }
    }
    value = simdjson::minify(values_.back());
  }

  void fail(std::string_view why) override {
    if (error_) return;
    std::string path = path_.text();
    std::string message = path.empty() ? std::string(why) : path + ": " + std::string(why);
    error_ = malformed(std::move(message), std::move(path));
  }

 private:
  struct Cursor {
    dom::array::iterator next;
    dom::array::iterator end;
    std::size_t index;
  };

  std::string_view document_;
  std::span<const std::string_view> way_;
  std::vector<dom::element> values_ = {};  // from the root to the current value
  std::vector<Cursor> lists_ = {};
  FieldPath path_ = {};
  std::optional<Error> error_ = {};
};

Status read_object(ReadArchive archive, const std::function<void(Archive&)>& body) {
  if (archive.begin_object()) body(archive);
  if (archive.error()) return *archive.error();
  return ok_status();
}

}  // namespace

namespace detail {

// Empty counts as absent, as the API server's defaulting has it.
void protocol(Archive& archive, Protocol& v) {
  std::string name = archive.reading() ? "" : to_string(v);
  archive.text(name);
  if (!archive.reading() || name.empty()) return;
  const Result<Protocol> parsed = parse_protocol(name);
  if (parsed.ok()) {
    v = *parsed;
  } else {
    archive.fail(parsed.error().message);
  }
}

}  // namespace detail

struct ReadingMemory::Parser {
  dom::parser parser;
};

ReadingMemory::ReadingMemory() : parser_(std::make_unique<Parser>()) {}
ReadingMemory::~ReadingMemory() = default;

Status read_document(std::string_view text, const std::function<void(Archive&)>& body) {
  ReadingMemory memory;
  return read_document(text, body, memory);
}

Status read_document(std::string_view text, const std::function<void(Archive&)>& body,
                     ReadingMemory& memory) {
  TRY(const dom::element root, parse_document(memory.parser().parser, text));
  if (auto error = duplicate_key(root)) return std::move(*error);
  return read_object({text, root}, body);
}

struct Part::Place {
  std::shared_ptr<ReadingMemory> memory;  // holds what `value` looks at
  std::string_view document;
  std::vector<std::string_view> way;
  dom::element value;
};

namespace {

// Documents up to here are read in memory that the thread keeps; larger ones are seldom, and give theirs
// back.
constexpr std::size_t kMaxKeptBytes = 256UL << 10U;

// What the thread keeps, unless a Part still looks at it.
std::shared_ptr<ReadingMemory> memory_for(std::string_view text) {
  if (text.size() > kMaxKeptBytes) return std::make_shared<ReadingMemory>();
  thread_local std::shared_ptr<ReadingMemory> kept;
  if (!kept || kept.use_count() > 1) kept = std::make_shared<ReadingMemory>();
  return kept;
}

}  // namespace

Result<Part> Part::whole(std::string_view text) {
  const auto memory = memory_for(text);
  TRY(const dom::element root, parse_document(memory->parser().parser, text));
  if (auto error = duplicate_key(root)) return std::move(*error);
  return Part(std::make_shared<const Place>(Place{memory, text, {}, root}));
}

Part Part::at(std::initializer_list<std::string_view> path) const {
  if (empty()) return {};
  Place place = *place_;
  for (const std::string_view key : path) {
    dom::object object;
    if (place.value.get(object) != simdjson::SUCCESS) return {};
    if (object.at_key(key).get(place.value) != simdjson::SUCCESS) return {};
    place.way.push_back(key);
  }
  if (place.value.is_null()) return {};
  return Part(std::make_shared<const Place>(std::move(place)));
}

std::string_view Part::text() const {
  if (empty()) return {};
  return slice_at(place_->document, place_->way).value_or(std::string_view());
}

Status Part::read(const std::function<void(Archive&)>& body) const {
  return read_object({place_->document, place_->value, place_->way}, body);
}

std::string salvage_text(std::string_view text, std::initializer_list<std::string_view> path) {
  dom::parser parser;
  const Result<dom::element> root = parse_document(parser, text);
  if (!root.ok()) return {};
  dom::element here = *root;
  for (const std::string_view name : path) {
    dom::object object;
    if (here.get(object) != simdjson::SUCCESS) return {};
    std::size_t found = 0;
    for (const auto& field : object) {
      if (field.key != name) continue;
      here = field.value;
      ++found;
    }
    if (found != 1) return {};
  }
  std::string_view value;
  if (here.get(value) != simdjson::SUCCESS) return {};
  return std::string(value);
}

}  // namespace berth::json
