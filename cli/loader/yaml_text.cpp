#include "cli/loader/yaml_text.h"

#include <algorithm>
#include <exception>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "cli/loader/limits.h"
#include "cli/loader/problem.h"
#include "cli/loader/scalar.h"
#include "cli/loader/text_check.h"

namespace berth::cli {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// Leaves the parser from inside an event; never leaves this file.
struct Stop {
  Refusal refusal;
};

[[noreturn]] void refuse(Mark mark, std::string message) { throw Stop{{mark, std::move(message)}}; }

std::string short_tag(const std::string& tag) {
  return tag.starts_with(kCoreTag) ? "!!" + tag.substr(kCoreTag.size()) : tag;
}

Node tagged_scalar(Mark mark, const std::string& tag, const std::string& text) {
  if (tag == "!" || short_tag(tag) == "!!str") return {mark, text};
  const bool plain = tag == "?";
  const std::string type = plain ? "" : short_tag(tag);
  if (!plain && type != "!!int" && type != "!!float" && type != "!!bool" && type != "!!null") {
    refuse(mark, "the tag " + quoted(type) + " is not read; write the value without a tag");
  }
  if (is_not_finite(text))
    refuse(mark, text + " is no number that JSON can carry; the API server refuses it");
  Node node{mark, resolve_plain(text)};
  const bool integer = node.integer() != nullptr;
  const bool real = std::holds_alternative<double>(node.value);
  const bool fits = plain || (type == "!!int" && integer) || (type == "!!float" && (integer || real)) ||
                    (type == "!!bool" && std::holds_alternative<bool>(node.value)) ||
                    (type == "!!null" && node.is_null());
  if (!fits) refuse(mark, quoted(text) + " is not a value of type " + type + "; write it without the tag");
  return node;
}

class Builder final : public YAML::EventHandler {
 public:
  // `text` must outlive the builder.
  Builder(std::string_view text, int first_line) : text_(text), first_line_(first_line) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    if (!open_.empty() && open_.back().has_key) {
      if (open_.back().block) {
        demand_colon(open_.back());
      } else {
        demand_value(mark);
      }
    }
    scalar(mark, "?", "");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(place(mark), "aliases are not read; write the value out");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    refuse(place(mark),
           "anchors are not read (" + quoted("&" + name) + "); write the value out where it is used");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    scalar(mark, tag, value);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, "!!seq", Sequence{});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, "!!map", Mapping{});
    open_.back().block = style == YAML::EmitterStyle::Block;
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    bool has_key = false;        // the last member of the mapping waits for its value
    bool block = false;          // a mapping without braces
    std::size_t key_offset = 0;  // of the last key, in text_
    std::unordered_map<std::string, Mark> keys = {};
  };

  [[nodiscard]] Mark place(const YAML::Mark& mark) const {
    return {mark.line + first_line_, mark.column + 1};
  }

  [[nodiscard]] bool awaits_key() const {
    return !open_.empty() && open_.back().node.mapping() != nullptr && !open_.back().has_key;
  }

  // yaml-cpp takes a line without a colon for a key without a value; nobody else does.
  void demand_colon(const Open& mapping) const {
    const std::size_t end = std::min(text_.find('\n', mapping.key_offset), text_.size());
    std::size_t at = mapping.key_offset;
    do {
      at = text_.find(':', at + 1);
    } while (at < end && at + 1 < end && text_[at + 1] != ' ' && text_[at + 1] != '\t');
    if (at >= end) {
      const Member& member = mapping.node.mapping()->back();
      refuse(member.mark, quoted(member.key) + " has no colon behind it; write the key, a colon and a value");
    }
  }

  // `{a:, b: 1}`: the key is "a:" for kubectl and "a" for others. Whoever means null can write it.
  void demand_value(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    if (at < text_.size() && std::string_view("~nN").find(text_[at]) != std::string_view::npos) return;
    refuse(place(mark), "a key in braces or brackets has no value; write null if that is meant");
  }

  void count(Mark mark) {
    if (++values_ > kMaxValues) {
      refuse(mark, "the document holds more than " + std::to_string(kMaxValues) + " values; split it");
    }
  }

  void scalar(const YAML::Mark& at, const std::string& tag, const std::string& text) {
    const Mark mark = place(at);
    count(mark);
    // yaml-cpp writes "\\N" and "\\_" of a quoted string as lone bytes.
    if (check_utf8(text)) refuse(mark, "the escapes \\N and \\_ are not read; write \\x85 or \\xA0");
    if (awaits_key()) {
      open_.back().key_offset = static_cast<std::size_t>(at.pos);
      key(mark, tag, text);
    } else {
      put(tagged_scalar(mark, tag, text));
    }
  }

  void key(Mark mark, const std::string& tag, const std::string& text) {
    if (tag == "?" && text == "<<") {
      refuse(mark, "merge keys (<<) are not read; write the members out");
    }
    const Node node = tagged_scalar(mark, tag, text);
    std::string name;
    if (node.text() != nullptr) {
      name = *node.text();
    } else if (node.integer() != nullptr) {
      name = std::to_string(*node.integer());
      // Go takes the text of an integer and refuses what only a float can spell.
      if (text.find_first_of(".eE") != std::string::npos && !text.starts_with("0x") &&
          !text.starts_with("0X")) {
        refuse(mark,
               "the key " + quoted(text) + " is a number with a fraction or exponent; write it in quotes");
      }
    } else if (const bool* truth = std::get_if<bool>(&node.value)) {
      name = *truth ? "true" : "false";
    } else {
      refuse(mark, node.is_null()
                       ? "a key is missing before the colon"
                       : "the key " + quoted(text) + " cannot be a key of JSON; write it in quotes");
    }
    Open& top = open_.back();
    const auto [first, fresh] = top.keys.emplace(name, mark);
    if (!fresh) {
      refuse(mark, "duplicate key " + quoted(name) + ", first written in line " +
                       std::to_string(first->second.line) +
                       "; kubectl would keep only the last one without a word, so write it once");
    }
    top.node.mapping()->push_back({std::move(name), mark, {}});
    top.has_key = true;
  }

  void open(const YAML::Mark& at, const std::string& tag, const char* type, decltype(Node::value) empty) {
    const Mark mark = place(at);
    count(mark);
    if (awaits_key()) refuse(mark, "a list or mapping cannot be a key; write a string before the colon");
    if (!tag.empty() && tag != "?" && short_tag(tag) != type) {
      refuse(mark, "the tag " + quoted(short_tag(tag)) + " is not read; write the value without a tag");
    }
    if (open_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      refuse(mark, "lists and mappings are nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    open_.push_back({{mark, std::move(empty)}});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }

  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (Sequence* items = top.node.sequence()) {
      items->push_back(std::move(node));
    } else {
      top.node.mapping()->back().value = std::move(node);
      top.has_key = false;
    }
  }

  std::string_view text_;
  int first_line_;
  std::size_t values_ = 0;
  std::vector<Open> open_;
  Node root_;
};

}  // namespace

std::variant<std::optional<Node>, Refusal> parse_yaml(const std::string& text, int first_line) {
  try {
    // The mark behind the text makes yaml-cpp notice a quoted string that is never closed.
    std::istringstream stream(text.ends_with('\n') ? text + "...\n" : text + "\n...\n");
    YAML::Parser parser(stream);
    Builder builder(text, first_line);
    if (!parser.HandleNextDocument(builder)) return std::optional<Node>();
    Node root = builder.take();
    Builder rest(text, first_line);
    if (parser.HandleNextDocument(rest)) {
      return Refusal{rest.take().mark,
                     "text after the end of the document (\"...\"); start a document with ---"};
    }
    if (root.is_null()) return std::optional<Node>();
    return std::optional<Node>(std::move(root));
  } catch (Stop& stop) {
    return std::move(stop.refusal);
  } catch (const YAML::Exception& error) {
    const Mark mark{error.mark.line + first_line, error.mark.column + 1};
    const bool open_quote = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    return Refusal{mark, "not YAML: " + (open_quote ? "a quoted string is not closed" : error.msg), true};
  } catch (const std::exception& error) {
    return Refusal{{first_line, 1}, std::string("not YAML: ") + error.what(), true};
  }
}

}  // namespace berth::cli
