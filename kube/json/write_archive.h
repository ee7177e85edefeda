// WriteArchive: the writing end of Archive, on a Writer.
//
// Never changes what it is given; describe() takes a mutable reference only because the reading end fills it.
// Thread-safety: belongs to one call.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kube/json/archive.h"
#include "kube/json/open_lists.h"
#include "kube/json/writer.h"

namespace berth::json {

class WriteArchive final : public Archive {
 public:
  explicit WriteArchive(Writer& writer) : writer_(writer) {}

  [[nodiscard]] bool reading() const override { return false; }
  bool enter(std::string_view name, bool write) override;
  void leave() override {}
  bool begin_object() override;
  void end_object() override;
  bool begin_list(std::size_t size) override;
  bool next_element() override { return lists_.next(); }
  void end_list() override;
  void text(std::string& value) override;
  void boolean(bool& value) override;
  void integer(std::int64_t& value, IntegerRange range) override;
  void int_or_string(TargetPort& value) override;
  void string_map(std::map<std::string, std::string>& value) override;
  void raw(std::string& value) override;
  void fail(std::string_view why) override;

 private:
  Writer& writer_;
  OpenLists lists_ = {};
};

// The JSON text of anything an Archive can describe.
template <class T>
std::string written(const T& v) {
  Writer writer;
  WriteArchive archive(writer);
  value(archive,
        const_cast<T&>(v));  // NOLINT(cppcoreguidelines-pro-type-const-cast): writing changes nothing
  return writer.take();
}

}  // namespace berth::json
