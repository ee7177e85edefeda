#include "cli/loader/json_text.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "cli/loader/limits.h"
#include "cli/loader/problem.h"
#include "cli/loader/scalar.h"

namespace berth::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t rune) {
  const auto push = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (rune < 0x80) {
    push(rune);
  } else if (rune < 0x800) {
    push(0xC0U | (rune >> 6U));
    push(0x80U | (rune & 0x3FU));
  } else if (rune < 0x10000) {
    push(0xE0U | (rune >> 12U));
    push(0x80U | ((rune >> 6U) & 0x3FU));
    push(0x80U | (rune & 0x3FU));
  } else {
    push(0xF0U | (rune >> 18U));
    push(0x80U | ((rune >> 12U) & 0x3FU));
    push(0x80U | ((rune >> 6U) & 0x3FU));
    push(0x80U | (rune & 0x3FU));
  }
}

// Recursive descent; every function returns false once refusal_ is set.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::variant<std::vector<Node>, Refusal> read() {
    std::vector<Node> nodes;
    for (skip_space(); at_ < text_.size(); skip_space()) {
      const std::size_t start = at_;
      values_ = 0;
      Node node;
      if (!value(node, 0)) return *std::move(refusal_);
      if (at_ - start > kMaxJsonDocumentBytes) {
        return Refusal{node.mark, "the document is larger than " +
                                      std::to_string(kMaxJsonDocumentBytes >> 20U) + " MiB; split it"};
      }
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

 private:
  [[nodiscard]] Mark here() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool refuse(Mark mark, std::string message, bool syntax) {
    refusal_ = Refusal{mark, std::move(message), syntax};
    return false;
  }
  bool wrong(const std::string& expected) {
    const std::string found = at_ < text_.size() ? "" : ", but the text ends here";
    return refuse(here(), "not JSON: " + expected + found, true);
  }

  void skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
      ++at_;
      if (c == '\n') {
        ++line_;
        line_start_ = at_;
      }
    }
  }

  bool value(Node& node, int depth) {
    node.mark = here();
    if (++values_ > kMaxValues) {
      return refuse(node.mark,
                    "the document holds more than " + std::to_string(kMaxValues) + " values; split it",
                    false);
    }
    switch (peek()) {
      case '{':
        return object(node, depth + 1);
      case '[':
        return list(node, depth + 1);
      case '"':
        return string(node.value.emplace<std::string>());
      case 't':
        return word("true") && (node.value = true, true);
      case 'f':
        return word("false") && (node.value = false, true);
      case 'n':
        return word("null");
      default:
        return json_number(node);
    }
  }

  bool too_deep(int depth) {
    return depth > kMaxDepth &&
           !refuse(here(),
                   "lists and objects are nested deeper than " + std::to_string(kMaxDepth) + " levels",
                   false);
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return wrong("expected a value");
    at_ += expected.size();
    return true;
  }

  bool object(Node& node, int depth) {
    if (too_deep(depth)) return false;
    Mapping& members = node.value.emplace<Mapping>();
    std::unordered_map<std::string, int> lines;
    ++at_;
    skip_space();
    if (peek() == '}') return ++at_, true;
    while (true) {
      Member& member = members.emplace_back();
      member.mark = here();
      if (peek() != '"') return wrong("expected a key in double quotes");
      if (!string(member.key)) return false;
      const auto [first, fresh] = lines.emplace(member.key, member.mark.line);
      if (!fresh) {
        return refuse(member.mark,
                      "duplicate key " + quoted(member.key) + ", first written in line " +
                          std::to_string(first->second) +
                          "; kubectl would keep only the last one without a word, so write it once",
                      false);
      }
      skip_space();
      if (peek() != ':') return wrong("expected ':' after the key " + quoted(member.key));
      ++at_;
      skip_space();
      if (!value(member.value, depth)) return false;
      skip_space();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return wrong("expected ',' or '}' after the value");
      ++at_;
      skip_space();
    }
  }

  bool list(Node& node, int depth) {
    if (too_deep(depth)) return false;
    Sequence& items = node.value.emplace<Sequence>();
    ++at_;
    skip_space();
    if (peek() == ']') return ++at_, true;
    while (true) {
      if (!value(items.emplace_back(), depth)) return false;
      skip_space();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return wrong("expected ',' or ']' after the value");
      ++at_;
      skip_space();
    }
  }

  bool json_number(Node& node) {
    const std::size_t start = at_;
    const Mark mark = here();
    if (peek() == '-') ++at_;
    const std::size_t first = at_;
    while (is_digit(peek())) ++at_;
    const std::size_t count = at_ - first;
    if (count == 0) return wrong("expected a value");
    if (count > 1 && text_[first] == '0') {
      return refuse(mark, "not JSON: a number starts with 0", true);
    }
    if (peek() == '.') {
      ++at_;
      if (!is_digit(peek())) return wrong("expected a digit after the point");
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!is_digit(peek())) return wrong("expected a digit in the exponent");
      while (is_digit(peek())) ++at_;
    }
    const std::string_view spelled = text_.substr(start, at_ - start);
    std::optional<decltype(Node::value)> read = number(spelled);
    if (!read)
      return refuse(mark, quoted(spelled) + " is larger than any number that JSON readers know", false);
    node.value = *std::move(read);
    return true;
  }

  bool hex4(std::uint32_t& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      std::uint32_t digit = 0;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        digit = static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        return wrong("expected four hexadecimal digits after \\u");
      }
      unit = unit * 16 + digit;
    }
    return true;
  }

  bool unicode_escape(std::string& out) {
    const Mark mark = here();
    std::uint32_t rune = 0;
    if (!hex4(rune)) return false;
    const bool high = rune >= 0xD800 && rune < 0xDC00;
    std::uint32_t low = 0;
    if (high && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      if (!hex4(low)) return false;
    }
    if (high && low >= 0xDC00 && low < 0xE000) {
      rune = 0x10000 + ((rune - 0xD800) << 10U) + (low - 0xDC00);
    } else if (rune >= 0xD800 && rune < 0xE000) {
      return refuse(mark, "half a surrogate pair; write both halves or the character itself", false);
    }
    append_utf8(out, rune);
    return true;
  }

  bool escape(std::string& out) {
    const char c = peek();
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (c == 'u') return ++at_, unicode_escape(out);
    const std::size_t index = kNames.find(c);
    if (c == '\0' || index == std::string_view::npos) return wrong("no such escape");
    out += kValues[index];
    ++at_;
    return true;
  }

  bool string(std::string& out) {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < 0x20)
        return wrong("a control character in a string; write \\u00XX");
      ++at_;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return wrong("a string has no closing quote");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  std::size_t values_ = 0;
  std::optional<Refusal> refusal_;
};

}  // namespace

std::variant<std::vector<Node>, Refusal> parse_json(std::string_view text) { return JsonReader(text).read(); }

}  // namespace berth::cli
