// NumberBooks: the declared ranges and who holds which of their numbers, kept up to date object by object.
//
// What the webhook knows beside exposure::Facts; a linter has ranges only. It decides nothing. Thread-safety:
// none; the owner locks out writers while a judgement reads.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/allocation/ledger.h"
#include "core/allocation/range.h"

namespace berth {

class NumberBooks {
 public:
  void put(const std::shared_ptr<const PortRange>& range);
  void remove(const PortRange& range);
  // A shard that cannot be read tells nothing of its numbers.
  void put(const std::shared_ptr<const PortLedger>& shard) { (void)ledgers_.put(*shard); }
  void remove(const PortLedger& shard) { ledgers_.remove(shard.meta.name); }

  [[nodiscard]] const allocation::Ranges& ranges() const { return ranges_; }
  [[nodiscard]] const allocation::Ledgers& ledgers() const { return ledgers_; }

 private:
  void compile();

  std::map<std::string, std::shared_ptr<const PortRange>> objects_;
  allocation::Ranges ranges_;
  allocation::Ledgers ledgers_;
};

}  // namespace berth
