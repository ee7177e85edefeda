#include "kube/json/write_archive.h"

#include <cstdlib>

#include "core/base/overloaded.h"

namespace berth::json {

bool WriteArchive::enter(std::string_view name, bool write) {
  if (write) writer_.key(name);
  return write;
}

bool WriteArchive::begin_object() {
  writer_.begin_object();
  return true;
}

void WriteArchive::end_object() { writer_.end_object(); }

bool WriteArchive::begin_list(std::size_t size) {
  writer_.begin_list();
  lists_.begin(size);
  return true;
}

void WriteArchive::end_list() {
  lists_.end();
  writer_.end_list();
}

void WriteArchive::text(std::string& value) { writer_.text(value); }

void WriteArchive::boolean(bool& value) { writer_.boolean(value); }

void WriteArchive::integer(std::int64_t& value, IntegerRange /*range*/) { writer_.integer(value); }

void WriteArchive::int_or_string(TargetPort& value) {
  std::visit(Overloaded{[](std::monostate) { std::abort(); },
                        [this](std::int64_t number) { writer_.integer(number); },
                        [this](const std::string& name) { writer_.text(name); }},
             value);
}

void WriteArchive::string_map(std::map<std::string, std::string>& value) {
  writer_.begin_object();
  for (const auto& [key, text] : value) writer_.member(key, text);
  writer_.end_object();
}

void WriteArchive::raw(std::string& value) { writer_.raw(value); }

void WriteArchive::fail(std::string_view /*why*/) { std::abort(); }

}  // namespace berth::json
