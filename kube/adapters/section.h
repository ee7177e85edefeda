// Section: one mapping of a table of adapters, read field by field; knows its path for messages.
//
// Internal to kube/adapters. Errors carry the path of the field. Thread-safety: none; copies share the
// document, which lives as long as any of them.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "kube/yaml/yaml_tree.h"

namespace berth::adapters {

class Section {
 public:
  // The document as a whole; it must be a mapping.
  static Result<Section> parse(std::string_view yaml);

  // "adapters[2].kind"; of "" the section itself.
  [[nodiscard]] std::string path_of(const std::string& field) const;
  [[nodiscard]] bool has(const std::string& field) const;
  [[nodiscard]] std::vector<std::string> fields() const;
  // An error for every field but these.
  [[nodiscard]] Status allow(std::initializer_list<std::string_view> fields) const;

  // "" when it is absent, or an error for needed().
  [[nodiscard]] Result<std::string> text(const std::string& field) const;
  [[nodiscard]] Result<std::string> needed(const std::string& field) const;
  // One text alone is a list of one.
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& field) const;
  // An empty one when it is absent.
  [[nodiscard]] Result<Section> section(const std::string& field) const;
  [[nodiscard]] Result<std::vector<Section>> sections(const std::string& field) const;

 private:
  using Document = std::shared_ptr<const yaml::YamlTree>;
  Section(Document document, const yaml::YamlTree::Mapping* mapping, std::string path)
      : document_(std::move(document)), mapping_(mapping), path_(std::move(path)) {}
  [[nodiscard]] const yaml::YamlTree* find(const std::string& field) const;

  Document document_;
  const yaml::YamlTree::Mapping* mapping_;
  std::string path_;
};

}  // namespace berth::adapters
