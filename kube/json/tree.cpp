#include "kube/json/tree.h"

#include <utility>

#include "core/base/overloaded.h"
#include "kube/json/document.h"
#include "kube/json/writer.h"

namespace berth::json {
namespace {

namespace dom = simdjson::dom;

// Recursion is bounded by kMaxDepth.
Tree made(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE:
      return Tree{};
    case dom::element_type::BOOL:
      return Tree{element.get_bool().value_unsafe()};
    case dom::element_type::INT64:
      return Tree{element.get_int64().value_unsafe()};
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return Tree{element.get_double().value_unsafe()};
    case dom::element_type::STRING:
      return Tree::text(std::string(element.get_string().value_unsafe()));
    case dom::element_type::ARRAY: {
      const dom::array items = element.get_array().value_unsafe();
      Tree::List list;
      for (const dom::element item : items) list.push_back(made(item));
      return Tree{std::move(list)};
    }
    case dom::element_type::OBJECT:
      break;
  }
  const dom::object fields = element.get_object().value_unsafe();
  Tree::Object object;
  for (const auto& field : fields) {
    object.emplace(std::string(field.key), made(field.value));
  }
  return Tree{std::move(object)};
}

void print(const Tree& tree, Writer& writer) {
  std::visit(Overloaded{[&](std::nullptr_t) { writer.null(); },  //
                        [&](bool value) { writer.boolean(value); },
                        [&](std::int64_t value) { writer.integer(value); },
                        [&](double value) { writer.real(value); },
                        [&](const std::string& value) { writer.text(value); },
                        [&](const Tree::List& list) {
                          writer.begin_list();
                          for (const Tree& item : list) print(item, writer);
                          writer.end_list();
                        },
                        [&](const Tree::Object& object) {
                          writer.begin_object();
                          for (const auto& [name, member] : object) {
                            writer.key(name);
                            print(member, writer);
                          }
                          writer.end_object();
                        }},
             tree.value);
}

}  // namespace

const Tree* Tree::find(Path path) const {
  const Tree* here = this;
  for (const std::string_view step : path) {
    const Object* object = here->as_object();
    if (object == nullptr) return nullptr;
    const auto member = object->find(step);
    if (member == object->end()) return nullptr;
    here = &member->second;
  }
  return here;
}

std::string Tree::text_at(Path path) const {
  const Tree* found = find(path);
  const std::string* text = found == nullptr ? nullptr : found->as_text();
  return text == nullptr ? std::string() : *text;
}

std::int64_t Tree::number_at(Path path, std::int64_t otherwise) const {
  const Tree* found = find(path);
  const std::int64_t* number = found == nullptr ? nullptr : found->as_number();
  return number == nullptr ? otherwise : *number;
}

Tree& Tree::operator[](std::string_view member) {
  if (!is_object()) value = Object{};
  return std::get<Object>(value).try_emplace(std::string(member)).first->second;
}

Tree& Tree::at(Path path) {
  Tree* here = this;
  for (const std::string_view step : path) here = &(*here)[step];
  return *here;
}

bool Tree::erase(Path path) {
  if (path.size() == 0) return false;
  Tree* here = this;
  for (const std::string_view* step = path.begin(); step + 1 != path.end(); ++step) {
    Object* object = std::get_if<Object>(&here->value);
    if (object == nullptr) return false;
    const auto member = object->find(*step);
    if (member == object->end()) return false;
    here = &member->second;
  }
  Object* object = std::get_if<Object>(&here->value);
  return object != nullptr && object->erase(std::string(*(path.end() - 1))) > 0;
}

Result<Tree> parse_tree(std::string_view text) {
  dom::parser parser;
  TRY(const dom::element root, parse_document(parser, text));
  if (auto error = duplicate_key(root)) return std::move(*error);
  return made(root);
}

std::string print_tree(const Tree& tree) {
  Writer writer;
  print(tree, writer);
  return writer.take();
}

}  // namespace berth::json
