// Pages: the answers to a paged LIST, one after another, each asked for while the one before is being read.
//
// The server works for tens of milliseconds on a page of 500 objects and the reader for some: in turn the two
// would add up. At most one page is on its way and one in hand, whatever the number of objects. Nothing of
// the caller's runs in another thread but `ask`, and never twice at a time. Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace berth::client {

class Pages {
 public:
  struct Page {
    std::string text = {};  // the answer's body, not checked
    bool first = false;     // of the list; what came before it, of a list that has expired, is void
  };
  // One request: at most `limit` objects (0 = all) from `continue_token` on ("" = from the first).
  using Ask = std::function<Result<std::string>(std::int64_t limit, const std::string& continue_token)>;

  Pages(Ask ask, std::int64_t limit);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() = default;  // waits for the page that is on its way

  // Nothing after the last page. When the continue token expires half-way (410) the list starts again, in one
  // answer. Errors: those of `ask`; nothing follows them.
  Result<std::optional<Page>> next();

  // Said by the reader of a page as soon as he has found in it where the next begins; "" = it is the last.
  void go_on(const std::string& continue_token);

 private:
  const Ask ask_;
  const std::int64_t limit_;
  bool begun_ = false;
  std::future<Result<std::string>> ahead_;  // valid while a page is on its way; last: it ends first
};

}  // namespace berth::client
