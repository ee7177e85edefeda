#include "kube/json/writer.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace berth::json {
namespace {

TEST(Writer, PrintsEveryKindOfValue) {
  Writer writer;
  writer.begin_object()
      .member("text", "a\"b\\\n\x01")
      .member("number", std::int64_t{-5})
      .member("flag", true)
      .key("null")
      .null()
      .key("real")
      .real(0.5)
      .key("list")
      .begin_list()
      .integer(1)
      .begin_list()
      .end_list()
      .end_list()
      .key("raw")
      .raw(R"({"x":[1]})")
      .end_object();
  EXPECT_EQ(writer.take(),
            R"({"text":"a\"b\\\n\u0001","number":-5,"flag":true,"null":null,"real":0.5,"list":[1,[]],)"
            R"("raw":{"x":[1]}})");
}

TEST(Writer, TakesALiteralAsTextAndNotAsFlag) {
  Writer writer;
  writer.begin_object().member("a", "literal").end_object();
  EXPECT_EQ(writer.take(), R"({"a":"literal"})");
}

TEST(Writer, NeverPrintsWhatIsNoJson) {
  Writer writer;
  writer.begin_list()
      .text("a\xFF")
      .real(std::numeric_limits<double>::infinity())
      .real(std::nan(""))
      .end_list();
  EXPECT_EQ(writer.take(), "[\"a\xEF\xBF\xBD\",null,null]");
}

TEST(Writer, StartsAfreshAfterTake) {
  Writer writer;
  writer.text("one");
  EXPECT_EQ(writer.take(), "\"one\"");
  writer.integer(2);
  EXPECT_EQ(writer.take(), "2");
}

TEST(WriterDeathTest, AbortsRatherThanPrintHalfADocument) {
  EXPECT_DEATH(
      {
        Writer writer;
        writer.begin_object();
        (void)writer.take();
      },
      "");
  EXPECT_DEATH(
      {
        Writer writer;
        writer.begin_object().integer(1);
      },
      "");
}

}  // namespace
}  // namespace berth::json
