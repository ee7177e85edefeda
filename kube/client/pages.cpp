#include "kube/client/pages.h"

#include <utility>

namespace berth::client {

Pages::Pages(Ask ask, std::int64_t limit) : ask_(std::move(ask)), limit_(limit) {}

Result<std::optional<Pages::Page>> Pages::next() {
  if (begun_ && !ahead_.valid()) return std::optional<Page>();
  Page page{"", !begun_};
  auto answer = begun_ ? ahead_.get() : ask_(limit_, "");
  if (!answer.ok() && answer.error().code == Code::kGone && begun_) {
    page.first = true;
    answer = ask_(0, "");
  }
  begun_ = true;
  if (!answer.ok()) return std::move(answer).error();
  page.text = std::move(answer).value();
  return std::optional(std::move(page));
}

void Pages::go_on(const std::string& continue_token) {
  if (continue_token.empty()) return;
  ahead_ = std::async(std::launch::async, [this, continue_token] { return ask_(limit_, continue_token); });
}

}  // namespace berth::client
