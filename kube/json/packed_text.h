// Packed text: how numbers and texts stand in a packed object (packed.h). Internal to kube/json.
//
// Numbers: seven bits a byte, least first (LEB128); signed ones zigzag. A text is a number and what it says:
//   even               half of it is the size of the text, which follows byte for byte
//   odd, half of it is
//     0                the sixteen bytes of a UUID follow
//     1                the seconds of a time follow, signed; both as the API server writes them, so that they
//                      come back letter for letter
//     2                a number follows that is written without a sign or a zero in front
//     3 and more       the place of a common word (common_words.h), counted from here
//     and behind them  which of the texts before it in the same object it repeats; only some count
// Thread-safety: as any value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::json {

void put_number(std::string& bytes, std::uint64_t value);
void put_signed(std::string& bytes, std::int64_t value);

// Each takes what it returns off the front; bytes that are not there abort (packed.h: they were never
// outside).
std::string_view take_bytes(std::string_view& bytes, std::uint64_t size);
std::uint64_t take_number(std::string_view& bytes);
std::int64_t take_signed(std::string_view& bytes);

// The texts of one object, in the order in which they are put and taken.
class TextPacker {
 public:
  void put(std::string& bytes, std::string_view text);

 private:
  std::vector<std::string> earlier_;
};

class TextUnpacker {
 public:
  void take(std::string_view& bytes, std::string& text);

 private:
  std::vector<std::string_view> earlier_;  // where each begins
};

}  // namespace berth::json
