#include "kube/adapters/calico_selector.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "core/base/api_names.h"

namespace berth::adapters {
namespace {

// Expressions come from outside. Calico itself takes 1024 characters.
constexpr std::size_t kLongest = 10'000;
constexpr std::size_t kMostAlternatives = 64;
constexpr std::size_t kMostRequirements = 2048;  // of all alternatives together
constexpr int kDeepest = 32;

constexpr char kNamespace[] = "projectcalico.org/namespace";
constexpr char kNameOfNamespace[] = "projectcalico.org/name";
constexpr std::string_view kLabelsOfNamespace = "pcns.";

using Alternatives = std::vector<LabelSelector>;

Alternatives everybody() { return {LabelSelector{}}; }

bool is_everybody(const Alternatives& all) {
  return std::any_of(all.begin(), all.end(), [](const LabelSelector& each) { return each.empty(); });
}

void append(LabelSelector& selector, const LabelSelector& more) {
  selector.match_expressions.insert(selector.match_expressions.end(), more.match_expressions.begin(),
                                    more.match_expressions.end());
}

std::size_t length_of(const Alternatives& all) {
  std::size_t length = 0;
  for (const LabelSelector& each : all) length += each.match_expressions.size();
  return length;
}

bool is_of_label(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == '-';
}

// Reads from the left to the right, and pushes every "!" down to the comparisons at once: "!(a || b)" is read
// as "!a && !b". std::nullopt everywhere: it cannot be read, or there is too much of it.
class Reader {
 public:
  Reader(std::string_view rest, bool of_namespaces) : rest_(rest), of_namespaces_(of_namespaces) {}

  std::optional<Alternatives> read() {
    auto all = any_of(false);
    skip_blanks();
    if (!rest_.empty()) return std::nullopt;
    return all;
  }

 private:
  std::optional<Alternatives> any_of(bool negated) {
    auto all = all_of(negated);
    while (all && take("||")) all = joined(std::move(*all), all_of(negated), negated);
    return all;
  }

  std::optional<Alternatives> all_of(bool negated) {
    auto all = operation(negated);
    while (all && take("&&")) all = joined(std::move(*all), operation(negated), !negated);
    return all;
  }

  std::optional<Alternatives> operation(bool negated) {
    while (!next_is("!=") && take("!")) negated = !negated;
    if (take("(")) return in_parentheses(negated);
    if (take("has(")) {
      std::string label = take_label();
      if (label.empty() || !take(")")) return std::nullopt;
      return requirement(std::move(label), negated ? "DoesNotExist" : "Exists");
    }
    if (take("all(")) return take(")") ? in_any_namespace(negated) : std::nullopt;
    if (take("global(")) return take(")") ? in_no_namespace(negated) : std::nullopt;
    return comparison(negated);
  }

  [[nodiscard]] std::optional<Alternatives> in_any_namespace(bool negated) const {
    if (of_namespaces_) return requirement(kNamespace, negated ? "DoesNotExist" : "Exists");
    return negated ? Alternatives() : everybody();
  }

  [[nodiscard]] std::optional<Alternatives> in_no_namespace(bool negated) const {
    if (of_namespaces_) return requirement(kNamespace, negated ? "Exists" : "DoesNotExist");
    return everybody();
  }

  std::optional<Alternatives> in_parentheses(bool negated) {
    if (++depth_ > kDeepest) return std::nullopt;
    auto all = any_of(negated);
    --depth_;
    return take(")") ? std::move(all) : std::nullopt;
  }

  std::optional<Alternatives> comparison(bool negated) {
    std::string label = take_label();
    if (label.empty()) return std::nullopt;
    if (take("==")) return with_text(std::move(label), negated);
    if (take("!=")) return with_text(std::move(label), !negated);
    if (take("contains") || take_both("starts", "with") || take_both("ends", "with")) {
      return take_text() ? std::optional(everybody()) : std::nullopt;
    }
    if (take_both("not", "in")) return with_set(std::move(label), !negated);
    if (take("in")) return with_set(std::move(label), negated);
    return std::nullopt;
  }

  std::optional<Alternatives> with_text(std::string label, bool negated) {
    auto text = take_text();
    if (!text) return std::nullopt;
    return requirement(std::move(label), negated ? "NotIn" : "In", {*std::move(text)});
  }

  std::optional<Alternatives> with_set(std::string label, bool negated) {
    if (!take("{")) return std::nullopt;
    std::vector<std::string> texts;
    while (auto text = take_text()) {
      texts.push_back(*std::move(text));
      if (!take(",")) break;
    }
    if (!take("}")) return std::nullopt;
    return requirement(std::move(label), negated ? "NotIn" : "In", std::move(texts));
  }

  static std::optional<Alternatives> requirement(std::string label, std::string op,
                                                 std::vector<std::string> values = {}) {
    LabelSelector selector;
    selector.match_expressions.push_back({std::move(label), std::move(op), std::move(values)});
    return Alternatives{std::move(selector)};
  }

  static std::optional<Alternatives> joined(Alternatives left, std::optional<Alternatives> right, bool both) {
    if (!right) return std::nullopt;
    return both ? each_with_each(std::move(left), *std::move(right))
                : one_beside_another(std::move(left), *std::move(right));
  }

  static std::optional<Alternatives> one_beside_another(Alternatives left, Alternatives right) {
    if (is_everybody(left) || is_everybody(right)) return everybody();
    if (left.size() + right.size() > kMostAlternatives) return std::nullopt;
    left.insert(left.end(), std::make_move_iterator(right.begin()), std::make_move_iterator(right.end()));
    return left;
  }

  static std::optional<Alternatives> each_with_each(Alternatives left, Alternatives right) {
    if (left.size() * right.size() > kMostAlternatives) return std::nullopt;
    const std::size_t length = length_of(left) * right.size() + length_of(right) * left.size();
    if (length > kMostRequirements) return std::nullopt;
    if (right.size() == 1) {  // most are, and long chains of them must not be copied at every step
      for (LabelSelector& each : left) append(each, right.front());
      return left;
    }
    Alternatives all;
    for (const LabelSelector& one : left) {
      for (const LabelSelector& other : right) {
        all.push_back(one);
        append(all.back(), other);
      }
    }
    return all;
  }

  void skip_blanks() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(begin, rest_.size()));
  }

  bool next_is(std::string_view text) {
    skip_blanks();
    return rest_.starts_with(text);
  }

  bool take(std::string_view text) {
    if (!next_is(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool take_both(std::string_view first, std::string_view second) {
    const std::string_view before = rest_;
    if (take(first) && take(second)) return true;
    rest_ = before;
    return false;
  }

  std::string take_label() {
    skip_blanks();
    const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), is_of_label);
    std::string label(rest_.begin(), end);
    rest_.remove_prefix(label.size());
    return label;
  }

  std::optional<std::string> take_text() {
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::string_view rest_;
  bool of_namespaces_;
  int depth_ = 0;
};

Alternatives alternatives_of(std::string_view expression, bool of_namespaces) {
  if (expression.size() > kLongest) return everybody();
  if (expression.find_first_not_of(" \t\r\n") == std::string_view::npos) return everybody();
  auto all = Reader(expression, of_namespaces).read();
  return all ? *std::move(all) : everybody();
}

}  // namespace

Alternatives calico_alternatives(std::string_view expression) { return alternatives_of(expression, false); }

Alternatives calico_namespaces(std::string_view expression) { return alternatives_of(expression, true); }

bool is_of_calico_namespace(std::string_view key) {
  return key == kNamespace || key.starts_with(kLabelsOfNamespace);
}

std::string label_of_calico_namespace(std::string key) {
  if (key.starts_with(kLabelsOfNamespace)) key.erase(0, kLabelsOfNamespace.size());
  return key == kNamespace || key == kNameOfNamespace ? kNamespaceNameLabel : key;
}

}  // namespace berth::adapters
