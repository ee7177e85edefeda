#include "core/base/result.h"

#include <gtest/gtest.h>
#include <memory>

namespace berth {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return malformed("odd", "n");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY(const int once, half(number));
  TRY(const int twice, half(once));
  return twice;
}

TEST(Result, PassesTheFirstErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  ASSERT_FALSE(quarter(6).ok());
  EXPECT_EQ(quarter(6).error().field, "n");
}

TEST(Result, CarriesValuesThatOnlyMove) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(ResultDeathTest, AbortsWhenAnErrorIsReadAsAValue) {
  const Result<int> wrong = malformed("no");
  EXPECT_DEATH((void)wrong.value(), "");
}

}  // namespace
}  // namespace berth
