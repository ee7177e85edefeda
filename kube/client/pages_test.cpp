#include "kube/client/pages.h"

#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace berth::client {
namespace {

// Answers by continue token, and what was asked, as "limit token".
class Book {
 public:
  std::map<std::string, Result<std::string>> answers;

  Pages::Ask ask() {
    return [this](std::int64_t limit, const std::string& token) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(std::to_string(limit) + " " + token);
      // A list that starts again asks for everything.
      return answers.at(limit == 0 ? "all" : token);
    };
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> asked_;
};

TEST(Pages, ComeInOrderAndEnd) {
  Book book;
  book.answers = {{"", std::string("a")}, {"t1", std::string("b")}, {"t2", std::string("c")}};
  Pages pages(book.ask(), 500);
  std::vector<std::pair<std::string, bool>> read;
  for (const char* token : {"t1", "t2", ""}) {
    auto next = pages.next();
    ASSERT_TRUE(next.ok() && next->has_value());
    pages.go_on(token);
    read.emplace_back((*next)->text, (*next)->first);
  }
  EXPECT_FALSE(pages.next()->has_value());
  EXPECT_EQ(read, (std::vector<std::pair<std::string, bool>>{{"a", true}, {"b", false}, {"c", false}}));
  EXPECT_EQ(book.asked(), (std::vector<std::string>{"500 ", "500 t1", "500 t2"}));
  EXPECT_FALSE(pages.next()->has_value()) << "and stays at its end";
}

TEST(Pages, TheNextIsAskedForWhileOneIsInHand) {
  std::promise<std::string> asked;
  Pages pages(
      [&](std::int64_t, const std::string& token) -> Result<std::string> {
        if (!token.empty()) asked.set_value(token);
        return std::string("text");
      },
      2);
  ASSERT_TRUE(pages.next().ok());
  pages.go_on("t1");
  // Nobody asks for the second page; a limit only so that a fault does not hang.
  auto second = asked.get_future();
  ASSERT_EQ(second.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(second.get(), "t1");
}

TEST(Pages, StartAgainInOneAnswerWhenTheyExpire) {
  Book book;
  const Error gone{Code::kGone, "the provided continue parameter is too old"};
  book.answers = {{"", std::string("a")}, {"t1", gone}, {"all", std::string("a, b")}};
  Pages pages(book.ask(), 2);
  EXPECT_TRUE((*pages.next())->first);
  pages.go_on("t1");
  const auto again = pages.next();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->first) << "what came before is void";
  EXPECT_EQ((*again)->text, "a, b");
  EXPECT_FALSE(pages.next()->has_value());
  EXPECT_EQ(book.asked(), (std::vector<std::string>{"2 ", "2 t1", "0 "}));
}

TEST(Pages, AFirstPageThatIsGoneIsAnError) {
  Book book;
  book.answers = {{"", Error{Code::kGone, "too old"}}};
  Pages pages(book.ask(), 2);
  EXPECT_EQ(pages.next().error().code, Code::kGone);
  EXPECT_EQ(book.asked().size(), 1U);
}

TEST(Pages, AnErrorHalfWayIsTold) {
  Book book;
  book.answers = {{"", std::string("a")}, {"t1", Error{Code::kUnavailable, "connection reset"}}};
  Pages pages(book.ask(), 2);
  EXPECT_TRUE(pages.next().ok());
  pages.go_on("t1");
  EXPECT_EQ(pages.next().error().code, Code::kUnavailable);
}

TEST(Pages, EndWhenNobodySaysWhereTheNextBegins) {
  Book book;
  book.answers = {{"", std::string("<html>")}};
  Pages pages(book.ask(), 2);
  EXPECT_EQ((*pages.next())->text, "<html>") << "whoever reads it says what is wrong with it";
  EXPECT_FALSE(pages.next()->has_value());
}

}  // namespace
}  // namespace berth::client
