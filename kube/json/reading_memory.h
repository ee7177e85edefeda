// ReadingMemory: where documents are read, one after another.
//
// Whoever reads many long ones spares the process memory that it would otherwise take, clear and give back
// for each. It grows to what the longest needs, some ten times its text. Thread-safety: one thread at a time.
#pragma once

#include <memory>

namespace berth::json {

class ReadingMemory {
 public:
  struct Parser;  // of the library; reader.cpp

  ReadingMemory();
  ReadingMemory(const ReadingMemory&) = delete;
  ReadingMemory& operator=(const ReadingMemory&) = delete;
  ~ReadingMemory();

  [[nodiscard]] Parser& parser() { return *parser_; }

 private:
  std::unique_ptr<Parser> parser_;
};

}  // namespace berth::json
