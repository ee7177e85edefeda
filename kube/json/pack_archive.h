// PackArchive and UnpackArchive: the two ends of packed.h. Internal to kube/json.
//
// Members stand in the order in which a description asks for them, so it must ask for the same ones in both
// directions, whatever their values are. A member: 0 (absent) or 1 and its value. Numbers and texts:
// packed_text.h.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kube/json/archive.h"
#include "kube/json/open_lists.h"
#include "kube/json/packed_text.h"

namespace berth::json {

// What both ends have in common: no member, object or list has an end mark.
class UnmarkedArchive : public Archive {
 public:
  void leave() final {}
  bool begin_object() final { return true; }
  void end_object() final {}
  bool next_element() final { return lists_.next(); }
  void end_list() final { lists_.end(); }
  // Only what was read from a document is packed, and a description has nothing against what it wrote.
  void fail(std::string_view why) final;

 protected:
  void open_list(std::size_t size) { lists_.begin(size); }

 private:
  OpenLists lists_ = {};
};

class PackArchive final : public UnmarkedArchive {
 public:
  [[nodiscard]] bool reading() const override { return false; }
  [[nodiscard]] bool complete() const override { return true; }
  bool enter(std::string_view name, bool write) override;
  bool begin_list(std::size_t size) override;
  void text(std::string& value) override { put_text(value); }
  void boolean(bool& value) override { put_byte(value ? 1 : 0); }
  void integer(std::int64_t& value, IntegerRange range) override;
  void int_or_string(TargetPort& value) override;
  void string_map(std::map<std::string, std::string>& value) override;
  void raw(std::string& value) override { put_text(value); }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void put_byte(unsigned value) { bytes_.push_back(static_cast<char>(value)); }
  void put_text(std::string_view value) { texts_.put(bytes_, value); }

  std::string bytes_ = {};
  TextPacker texts_ = {};
};

class UnpackArchive final : public UnmarkedArchive {
 public:
  explicit UnpackArchive(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool reading() const override { return true; }
  bool enter(std::string_view name, bool write) override;
  bool begin_list(std::size_t size) override;
  void text(std::string& value) override { take_text(value); }
  void boolean(bool& value) override { value = take_byte() != 0; }
  void integer(std::int64_t& value, IntegerRange range) override;
  void int_or_string(TargetPort& value) override;
  void string_map(std::map<std::string, std::string>& value) override;
  void raw(std::string& value) override { take_text(value); }

  [[nodiscard]] bool done() const { return bytes_.empty(); }

 private:
  unsigned take_byte();
  void take_text(std::string& value) { texts_.take(bytes_, value); }

  std::string_view bytes_;  // what is still to be read
  TextUnpacker texts_ = {};
};

}  // namespace berth::json
