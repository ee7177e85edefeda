#include "kube/testing/fake_selectors.h"

#include <algorithm>
#include <optional>
#include <set>

namespace berth::testing {
namespace {

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

// At commas that stand outside parentheses.
std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  std::string term;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) {
      terms.push_back(trimmed(term));
      term.clear();
    } else {
      term += c;
    }
  }
  if (!trimmed(term).empty() || !terms.empty()) terms.push_back(trimmed(term));
  return terms;
}

struct Comparison {
  std::string key;
  std::set<std::string> values;
  bool wanted = true;
};

// "a=b", "a==b", "a!=b".
std::optional<Comparison> equality(const std::string& term) {
  const std::size_t equals = term.find('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  const bool unequal = term[equals - 1] == '!';
  const bool doubled = equals + 1 < term.size() && term[equals + 1] == '=';
  Comparison comparison;
  comparison.key = trimmed(term.substr(0, unequal ? equals - 1 : equals));
  comparison.values = {trimmed(term.substr(equals + (doubled ? 2 : 1)))};
  comparison.wanted = !unequal;
  return comparison;
}

// "a in (b,c)", "a notin (b)".
std::optional<Comparison> membership(const std::string& term) {
  const std::size_t open = term.find('(');
  if (open == std::string::npos || term.back() != ')') return std::nullopt;
  const std::string head = trimmed(term.substr(0, open));
  Comparison comparison;
  if (head.ends_with(" notin")) {
    comparison.key = trimmed(head.substr(0, head.size() - 6));
    comparison.wanted = false;
  } else if (head.ends_with(" in")) {
    comparison.key = trimmed(head.substr(0, head.size() - 3));
  } else {
    return std::nullopt;
  }
  for (const std::string& value : terms_of(term.substr(open + 1, term.size() - open - 2))) {
    comparison.values.insert(value);
  }
  return comparison;
}

const std::string* label_of(const json::Tree& object, const std::string& key) {
  const json::Tree* label = object.find({"metadata", "labels", key});
  return label == nullptr ? nullptr : label->as_text();
}

std::string field_of(const json::Tree& object, const std::string& path) {
  const json::Tree* here = &object;
  std::size_t start = 0;
  while (here != nullptr && start <= path.size()) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    const std::string step = path.substr(start, dot - start);
    here = here->find({step});
    start = dot + 1;
  }
  if (here == nullptr) return "";
  if (const std::string* text = here->as_text()) return *text;
  return here->is_null() ? "" : json::print_tree(*here);
}

}  // namespace

Result<FakeSelector> FakeSelector::parse(std::string_view labels, std::string_view fields) {
  FakeSelector selector;
  for (const std::string& term : terms_of(labels)) {
    auto comparison = membership(term);
    if (!comparison) comparison = equality(term);
    if (comparison) {
      selector.terms_.push_back([c = *comparison](const json::Tree& object) {
        const std::string* value = label_of(object, c.key);
        // A missing label satisfies != and notin.
        return (value != nullptr && c.values.contains(*value)) == c.wanted;
      });
    } else if (!term.empty() && term.front() == '!') {
      selector.terms_.push_back([key = trimmed(term.substr(1))](const json::Tree& object) {
        return label_of(object, key) == nullptr;
      });
    } else if (!term.empty()) {
      selector.terms_.push_back(
          [term](const json::Tree& object) { return label_of(object, term) != nullptr; });
    } else {
      return malformed("an empty term in a label selector");
    }
  }
  for (const std::string& term : terms_of(fields)) {
    const auto comparison = equality(term);
    if (!comparison) return malformed("a field selector is a=b or a!=b, not \"" + term + "\"");
    selector.terms_.push_back([c = *comparison](const json::Tree& object) {
      return c.values.contains(field_of(object, c.key)) == c.wanted;
    });
  }
  return selector;
}

bool FakeSelector::matches(const json::Tree& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) { return term(object); });
}

}  // namespace berth::testing
