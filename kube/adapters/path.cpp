#include "kube/adapters/path.h"

#include <array>
#include <utility>

namespace berth::adapters {
namespace {

constexpr std::array<std::string_view, 6> kRoots = {
    "spec", "specs", "webhooks", "metadata.name", "metadata.annotations", "metadata.labels"};

bool begins_with(std::string_view text, std::string_view root) {
  if (!text.starts_with(root)) return false;
  return text.size() == root.size() || text[root.size()] == '.' || text[root.size()] == '[';
}

}  // namespace

Result<Path> Path::parse(std::string_view text) {
  Path path;
  path.text_ = text;
  path.relative_ = text.starts_with('.');
  bool rooted = path.relative_;
  for (const std::string_view root : kRoots) rooted = rooted || begins_with(text, root);
  if (!rooted) {
    return malformed("'" + path.text_ +
                     "' is no path: write one that begins with spec, specs, webhooks, metadata.name, "
                     "metadata.annotations or metadata.labels, or, below `each`, with a dot");
  }
  std::string_view rest = text;
  if (path.relative_) rest.remove_prefix(1);
  while (!rest.empty()) {
    if (rest.front() == '[') {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) return malformed("'" + path.text_ + "' has a [ without its ]");
      const std::string key(rest.substr(1, end - 1));
      path.steps_.push_back({key, key.empty(), true});
      rest.remove_prefix(end + 1);
      if (rest.starts_with('.')) rest.remove_prefix(1);
      continue;
    }
    const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
    if (end == 0) return malformed("'" + path.text_ + "' has a dot too many");
    path.steps_.push_back({std::string(rest.substr(0, end))});
    rest.remove_prefix(end);
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      if (rest.empty()) return malformed("'" + path.text_ + "' ends with a dot");
    }
  }
  return path;
}

std::vector<Path::Found> Path::find(const json::Tree& tree, std::string_view from) const {
  std::vector<Found> places = {{&tree, std::string(from)}};
  for (const Step& step : steps_) {
    std::vector<Found> next;
    for (const Found& place : places) {
      if (step.each) {
        const json::Tree::List* list = place.value->as_list();
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
          next.push_back({&(*list)[i], place.field + "[" + std::to_string(i) + "]"});
        continue;
      }
      const json::Tree* member = place.value->find({step.key});
      if (member == nullptr || member->is_null()) continue;
      next.push_back({member, step.in_brackets ? place.field + "[" + step.key + "]"
                                               : place.field + (place.field.empty() ? "" : ".") + step.key});
    }
    places = std::move(next);
  }
  return places;
}

std::string text_of(const json::Tree& value) {
  if (const std::string* text = value.as_text()) return *text;
  if (const std::int64_t* number = value.as_number()) return std::to_string(*number);
  if (const bool* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  return "";
}

}  // namespace berth::adapters
