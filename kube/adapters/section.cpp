#include "kube/adapters/section.h"

#include <algorithm>
#include <utility>

namespace berth::adapters {

using yaml::YamlTree;

Result<Section> Section::parse(std::string_view yaml) {
  TRY(YamlTree tree, yaml::parse_yaml(yaml));
  auto document = std::make_shared<const YamlTree>(std::move(tree));
  const auto* mapping = std::get_if<YamlTree::Mapping>(&document->value);
  if (mapping == nullptr) return malformed("a table of adapters is a mapping with version and adapters");
  return Section(std::move(document), mapping, "");
}

std::string Section::path_of(const std::string& field) const {
  if (field.empty()) return path_;
  return path_.empty() ? field : path_ + "." + field;
}

const YamlTree* Section::find(const std::string& field) const {
  const auto found = mapping_->find(field);
  return found == mapping_->end() || found->second.absent() ? nullptr : &found->second;
}

bool Section::has(const std::string& field) const { return find(field) != nullptr; }

std::vector<std::string> Section::fields() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : *mapping_) names.push_back(name);
  return names;
}

Status Section::allow(std::initializer_list<std::string_view> fields) const {
  for (const auto& [name, value] : *mapping_) {
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) continue;
    std::string known;
    for (const std::string_view field : fields) known += (known.empty() ? "" : ", ") + std::string(field);
    return malformed("is not known; known are " + known, path_of(name));
  }
  return ok_status();
}

Result<std::string> Section::text(const std::string& field) const {
  const YamlTree* found = find(field);
  if (found == nullptr) return std::string();
  const auto* text = std::get_if<std::string>(&found->value);
  if (text == nullptr) return malformed("must be text", path_of(field));
  return *text;
}

Result<std::string> Section::needed(const std::string& field) const {
  TRY(std::string value, text(field));
  if (value.empty()) return malformed("is needed", path_of(field));
  return value;
}

Result<std::vector<std::string>> Section::texts(const std::string& field) const {
  const YamlTree* found = find(field);
  if (found == nullptr) return std::vector<std::string>();
  if (const auto* one = std::get_if<std::string>(&found->value)) return std::vector{*one};
  const auto* list = std::get_if<YamlTree::List>(&found->value);
  if (list == nullptr) return malformed("must be a list of texts", path_of(field));
  std::vector<std::string> texts;
  for (const YamlTree& element : *list) {
    const auto* text = std::get_if<std::string>(&element.value);
    if (text == nullptr) return malformed("must be a list of texts", path_of(field));
    texts.push_back(*text);
  }
  return texts;
}

Result<Section> Section::section(const std::string& field) const {
  static const YamlTree::Mapping nothing;
  const YamlTree* found = find(field);
  if (found == nullptr) return Section(document_, &nothing, path_of(field));
  const auto* mapping = std::get_if<YamlTree::Mapping>(&found->value);
  if (mapping == nullptr) return malformed("must be a mapping", path_of(field));
  return Section(document_, mapping, path_of(field));
}

Result<std::vector<Section>> Section::sections(const std::string& field) const {
  std::vector<Section> sections;
  const YamlTree* found = find(field);
  if (found == nullptr) return sections;
  const auto* list = std::get_if<YamlTree::List>(&found->value);
  if (list == nullptr) return malformed("must be a list", path_of(field));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string path = path_of(field) + "[" + std::to_string(i) + "]";
    const auto* mapping = std::get_if<YamlTree::Mapping>(&(*list)[i].value);
    if (mapping == nullptr) return malformed("must be a mapping", path);
    sections.push_back(Section(document_, mapping, path));
  }
  return sections;
}

}  // namespace berth::adapters
