// Rows 63 to 69 of the catalogue of bypasses, and what two YAML readers read differently.
#include "cli/loader/documents.h"

#include <gtest/gtest.h>
#include <string>

#include "cli/loader/limits.h"
#include "cli/loader/node_json.h"

namespace berth::cli {
namespace {

// The documents as JSON texts, one a line; with errors: only those, as "line:column: why".
std::string read(const std::string& text) {
  Problems problems;
  std::string result;
  const auto line = [&](const std::string& more) { result += (result.empty() ? "" : "\n") + more; };
  const std::vector<Document> documents = read_documents(text, "f", problems);
  for (const Problem& error : problems.errors) {
    line(std::to_string(error.mark.line) + ":" + std::to_string(error.mark.column) + ": " + error.message);
  }
  if (!problems.errors.empty()) return result;
  for (const Document& document : documents) line(to_json(document.root));
  return result;
}

struct Case {
  const char* name;
  std::string text;
  std::string expected;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

class Documents : public ::testing::TestWithParam<Case> {};

TEST_P(Documents, AreReadAsKubectlReadsThemOrRefused) {
  EXPECT_EQ(read(GetParam().text), GetParam().expected);
}

const Case kRead[] = {
    {"SeveralDocuments", "a: 1\n---\nb: 2\n---\n# only a comment\n---\n\n--- # said\nc: 3\n",
     "{\"a\":1}\n{\"b\":2}\n{\"c\":3}"},
    {"LeadingSeparator", "---\na: 1\n", "{\"a\":1}"},
    {"TrailingSeparator", "a: 1\n---", "{\"a\":1}"},
    {"NothingAtAll", "", ""},
    {"OnlyNull", "null\n---\n~\n", ""},
    {"SeparatorInABlockScalar", "a: |\n  x\n  ---\n  y\nb: 1\n", R"({"a":"x\n---\ny\n","b":1})"},
    {"ByteOrderMark",
     "\xEF\xBB\xBF"
     "a: 1\n",
     "{\"a\":1}"},
    {"ByteOrderMarkAndSeparator", "\xEF\xBB\xBF---\na: 1\n", "{\"a\":1}"},
    {"ByteOrderMarkAndJson", "\xEF\xBB\xBF{\"a\": 1}", "{\"a\":1}"},
    {"CarriageReturns", "a: 1\r\nb: |\r\n  x\r\n  y\r\n---\r\nc: 3\r\n",
     "{\"a\":1,\"b\":\"x\\ny\\n\"}\n{\"c\":3}"},
    {"JsonInYaml", "{\"a\": [1, {\"b\": null}]}\n", R"({"a":[1,{"b":null}]})"},
    {"JsonStream", "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}\n{\"b\":2}"},
    {"JsonDocumentsWithSeparators", "{\"a\":1}\n---\n{\"b\":2}\n", "{\"a\":1}\n{\"b\":2}"},
    {"FlowThatIsNoJson", "{a: 012470, 'b': [x, y], c: ~}\n", R"({"a":5432,"b":["x",true],"c":null})"},
    {"QuotedIsText", "a: \"5432\"\nb: '0x1538'\nc: \"yes\"\nd: !!str 5432\ne: |-\n  5432\n",
     R"({"a":"5432","b":"0x1538","c":"yes","d":"5432","e":"5432"})"},
    {"PlainYesIsTrue", "a: yes\nb: off\nc: N\n", R"({"a":true,"b":false,"c":false})"},
    {"CoreTags",
     "a: !!int \"5432\"\nb: !!float 1\nc: !!bool \"yes\"\nd: !!null ~\ne: !!map {}\nf: !!seq []\n",
     R"({"a":5432,"b":1,"c":true,"d":null,"e":{},"f":[]})"},
    {"KeysThatAreNoStrings", "443: a\n0x50: b\ny: c\n\"on\": d\n",
     R"({"443":"a","80":"b","true":"c","on":"d"})"},
    {"Folding", "a: >\n  x\n  y\n\n  z\nb: plain\n  goes on\nc: \"x\n  y\"\n",
     R"({"a":"x y\nz\n","b":"plain goes on","c":"x y"})"},
    {"KeepNewlines", "g: |+\n\n", R"({"g":"\n"})"},
    {"NothingToKeep", "g: |+", R"({"g":""})"},
    {"ExplicitKeys", "? a\n: 1\n", R"({"a":1})"},
    {"TemplatesInsideStringsOfRenderedOutput", "a: '{{ $labels.pod }}'\n", R"({"a":"{{ $labels.pod }}"})"},
    {"Colons", "a: http://x:80/y\nb: 5:432\nc: 12:30:45\n",
     R"({"a":"http://x:80/y","b":"5:432","c":"12:30:45"})"},
};

INSTANTIATE_TEST_SUITE_P(Read, Documents, ::testing::ValuesIn(kRead),
                         [](const auto& test) { return test.param.name; });

const std::string kDuplicate = "; kubectl would keep only the last one without a word, so write it once";
const std::string kTemplate =
    "this is a template (\"{{\") and not a manifest yet; lint the rendered output, for example: helm "
    "template "
    "CHART | berth lint -";

const Case kRefused[] = {
    {"DuplicateKey", "a:\n  port: 80\n  port: 5432\n",
     "3:3: duplicate key \"port\", first written in line 2" + kDuplicate},
    {"DuplicateKeyInQuotes", "port: 80\n\"port\": 5432\n",
     "2:1: duplicate key \"port\", first written in line 1" + kDuplicate},
    {"DuplicateKeyInAnotherSpelling", "80: a\n0x50: b\n",
     "2:1: duplicate key \"80\", first written in line 1" + kDuplicate},
    {"DuplicateKeyInFlow", "a: {p: 1, p: 2}\n",
     "1:11: duplicate key \"p\", first written in line 1" + kDuplicate},
    {"DuplicateKeyInJson", "{\"p\": 1,\n\"p\": 2}",
     "2:1: duplicate key \"p\", first written in line 1" + kDuplicate},
    {"Anchor", "a: &x 1\n", "1:4: anchors are not read (\"&x\"); write the value out where it is used"},
    {"AnchorAndAlias", "a: &x {b: 1}\nc: *x\n",
     "1:4: anchors are not read (\"&x\"); write the value out where it is used"},
    {"MergeKey", "a:\n  <<: {b: 1}\n", "2:3: merge keys (<<) are not read; write the members out"},
    {"Tag", "a: !!binary aGk=\n", "1:4: the tag \"!!binary\" is not read; write the value without a tag"},
    {"OwnTag", "a: !secret x\n", "1:4: the tag \"!secret\" is not read; write the value without a tag"},
    {"TagOfAnotherType", "a: !!int x\n", "1:4: \"x\" is not a value of type !!int; write it without the tag"},
    {"TagOnAMapping", "a: !x {b: 1}\n", "1:4: the tag \"!x\" is not read; write the value without a tag"},
    {"Infinity", "a: .inf\n", "1:4: .inf is no number that JSON can carry; the API server refuses it"},
    {"ListAsKey", "[a]: 1\n", "1:1: a list or mapping cannot be a key; write a string before the colon"},
    {"NullKey", "a:\n  ~: 1\n", "2:3: a key is missing before the colon"},
    {"FloatKey", "1.5: x\n", "1:1: the key \"1.5\" cannot be a key of JSON; write it in quotes"},
    {"WholeFloatKey", "5432.0: x\n",
     "1:1: the key \"5432.0\" is a number with a fraction or exponent; write it in quotes"},
    {"TextOnTheSeparatorLine", "a: 1\n--- {kind: Service}\n",
     "2:4: \"{kind: Service}\" stands on the line of \"---\", where kubectl reads nothing; put it on its own "
     "line"},
    {"FourDashes", "a: 1\n----\nb: 2\n",
     "2:4: \"-\" stands on the line of \"---\", where kubectl reads nothing; put it on its own line"},
    {"TextAfterTheEndOfADocument", "a: 1\n...\nb: 2\n",
     "3:1: text after the end of the document (\"...\"); start a document with ---"},
    {"TextThatKubectlWouldDrop", "    a: 1\nb: 2\n",
     "2:1: text after the end of the document (\"...\"); start a document with ---"},
    {"Directive", "%YAML 1.1\n---\na: 1\n", "1:1: YAML directives (%) are not read; remove the line"},
    {"OpenQuote", "a: \"x\n", "2:1: not YAML: a quoted string is not closed"},
    {"KeyWithoutColon", "a: 1\ncontainers\n",
     "2:1: \"containers\" has no colon behind it; write the key, a colon and a value"},
    {"ColonThatBelongsToTheKey", "a: {app:, web}\n",
     "1:9: a key in braces or brackets has no value; write null if that is meant"},
    {"TabAsIndentation", "a:\n\tb: 1\n", "2:3: not YAML: illegal map value"},
    {"LineSeparator", "a: 1 # x\xE2\x80\xA8port: 5432\n",
     "1:9: U+2028 is a line break for kubectl and for nobody else; remove it or write it as an escape in "
     "double "
     "quotes"},
    {"NextLine", "a: \"x\xC2\x85y\"\n",
     "1:6: U+0085 is a line break for kubectl and for nobody else; remove it or write it as an escape in "
     "double "
     "quotes"},
    {"LoneCarriageReturn", "a: 1 # x\rport: 5432\n",
     "1:9: a carriage return without line feed is a line break for kubectl only; end the line with \\n"},
    {"Nul", std::string("a: \0b", 5), "1:4: U+0000 is not allowed in YAML; remove it"},
    {"ByteOrderMarkInside",
     "a: \xEF\xBB\xBF"
     "b\n",
     "1:4: U+FEFF is not allowed in YAML; remove it"},
    {"Latin1", "a: caf\xE9\n", "1:7: the file is not UTF-8 text"},
    {"Utf16",
     std::string("\xFF\xFE"
                 "a\0",
                 4),
     "1:1: the file is not UTF-8 text"},
    {"LoneByteEscape", "a: \"\\N\"\n", "1:4: the escapes \\N and \\_ are not read; write \\x85 or \\xA0"},
    {"BrokenJson", "{\"a\": 1,\n \"b\" 2}\n", "2:6: not JSON: expected ':' after the key \"b\""},
    {"TemplateValue", "kind: Service\nname: {{ .Values.name }}\n", "2:7: " + kTemplate},
    {"TemplateControl", "---\n{{- if .Values.on }}\nkind: Service\n{{- end }}\n---\n{{ x }}\n",
     "2:1: " + kTemplate},
    {"SeveralProblems", "a: *x\n---\nb: 1\nb: 2\n---\nc: 3\n",
     "1:4: not YAML: the referenced anchor is not defined\n4:1: duplicate key \"b\", first written in line "
     "3" +
         kDuplicate},
};

INSTANTIATE_TEST_SUITE_P(Refused, Documents, ::testing::ValuesIn(kRefused),
                         [](const auto& test) { return test.param.name; });

TEST(DocumentBounds, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "a: " + std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(read(nested(99)), "{\"a\":" + nested(99).substr(3) + "}");
  EXPECT_EQ(read(nested(100)), "1:103: lists and mappings are nested deeper than 100 levels");
  EXPECT_EQ(read(nested(5000)), "1:103: lists and mappings are nested deeper than 100 levels");
  std::string indented;
  for (std::size_t i = 0; i < 200; ++i) indented += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(read(indented), "101:101: lists and mappings are nested deeper than 100 levels");
}

TEST(DocumentBounds, SizeIsBounded) {
  const std::string large = "a: '" + std::string(kMaxYamlDocumentBytes, 'x') + "'\n";
  EXPECT_EQ(read("b: 1\n---\n" + large),
            "3:1: the document is larger than 8 MiB; split it, or write it as JSON (up to 64 MiB)");
  EXPECT_EQ(read("{\"a\": \"" + std::string(kMaxYamlDocumentBytes, 'x') + "\"}").size(),
            kMaxYamlDocumentBytes + 8);
}

}  // namespace
}  // namespace berth::cli
