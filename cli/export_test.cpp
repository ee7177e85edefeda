#include "cli/export.h"

#include <gtest/gtest.h>

#include "cli/loader/documents.h"
#include "cli/testing.h"

namespace berth::cli {
namespace {

using testing::berth;
using testing::Files;
using testing::kPolicy;
using testing::Ran;

// The documents of the output as the loader reads them.
std::vector<Document> documents(const std::string& yaml) {
  Problems problems;
  std::vector<Document> read = read_documents(yaml, "out.yaml", problems);
  for (const Problem& problem : problems.errors) ADD_FAILURE() << to_string(problem, "error");
  return read;
}

std::string text_at(const Document& document, std::initializer_list<std::string_view> path) {
  const Node* node = find_path(document.root, path);
  return node == nullptr || node->text() == nullptr ? "" : *node->text();
}

TEST(Export, PrintsEachPolicyWithItsBinding) {
  const Files files;
  const Ran ran = berth({"export", "admission-policy", files.add("policy.yaml", kPolicy)});
  EXPECT_EQ(ran.code, kClean) << ran.err;
  const std::vector<Document> all = documents(ran.out);
  ASSERT_EQ(all.size() % 2, 0U);
  ASSERT_FALSE(all.empty());
  for (std::size_t i = 0; i < all.size(); i += 2) {
    EXPECT_EQ(text_at(all[i], {"kind"}), "ValidatingAdmissionPolicy");
    EXPECT_EQ(text_at(all[i + 1], {"kind"}), "ValidatingAdmissionPolicyBinding");
    EXPECT_EQ(text_at(all[i + 1], {"spec", "policyName"}), text_at(all[i], {"metadata", "name"}));
  }
}

TEST(Export, OfTextsWithQuotesAndLinesMeansTheSame) {
  const Files files;
  const std::string path = files.add("policy.yaml", kPolicy);
  const Ran yaml = berth({"export", "admission-policy", path});
  const Ran json = berth({"export", "admission-policy", "-o", "json", path});
  const std::vector<Document> list = documents(json.out);
  ASSERT_EQ(list.size(), 1U);
  const Sequence& items = *find(list[0].root, "items")->sequence();
  const std::vector<Document> all = documents(yaml.out);
  ASSERT_EQ(items.size(), all.size());
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const Sequence& of_json = *find_path(items[i], {"spec", "variables"})->sequence();
    const Sequence& of_yaml = *find_path(all[i].root, {"spec", "variables"})->sequence();
    ASSERT_EQ(of_json.size(), of_yaml.size());
    for (std::size_t k = 0; k < of_json.size(); ++k) {
      std::string expression = *find(of_yaml[k], "expression")->text();
      if (expression.ends_with('\n')) expression.pop_back();  // a literal block ends with its last line
      EXPECT_EQ(expression, *find(of_json[k], "expression")->text());
    }
  }
}

TEST(Export, ForFilesOfTheApiServerHasNamesThatItTakes) {
  const Ran ran = berth({"export", "admission-policy", "--static", "-"}, kPolicy);
  for (const Document& document : documents(ran.out))
    EXPECT_TRUE(text_at(document, {"metadata", "name"}).ends_with(".static.k8s.io"));
}

TEST(Export, LetsAloneWhatItIsTold) {
  const Ran ran = berth({"export", "admission-policy", "--exclude-namespaces", "kube-system,platform",
                         "--operator-user", "system:serviceaccount:ports:berth-operator", "-"},
                        kPolicy);
  EXPECT_EQ(ran.code, kClean) << ran.err;
  EXPECT_NE(ran.out.find("- platform\n"), std::string::npos);
  EXPECT_EQ(ran.out.find("- berth-system\n"), std::string::npos);
  EXPECT_NE(ran.out.find("system:serviceaccount:ports:berth-operator"), std::string::npos);
}

std::string policy_named(const std::string& metadata) {
  return "apiVersion: berth.dev/v1alpha1\nkind: ExposurePolicy\nmetadata: " + metadata +
         "\nspec: {internal: [{port: 5432}]}\n";
}

// The API server does not start with two of one name in its folder.
TEST(Export, RefusesToMakeTwoOfOneName) {
  const Files files;
  const std::vector<std::string> paths = {files.add("a.yaml", policy_named("{name: data}")),
                                          files.add("b.yaml", policy_named("{name: data}"))};
  for (const char* form : {"--static", "--output=yaml"}) {
    const Ran ran = berth({"export", "admission-policy", form, paths[0], paths[1]});
    EXPECT_EQ(ran.code, kUnreadable);
    EXPECT_EQ(files.anonymous(ran.err),
              "<dir>/b.yaml:1:1: error: ExposurePolicy data stands twice, first in <dir>/a.yaml:1; one would "
              "overwrite the other, so export clusters and overlays one at a time\nnothing was exported\n");
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Export, RefusesNamesThatNoApiServerTakes) {
  const std::string longest(207, 'a');  // and 253 with ".podtemplates.exposure.berth.dev.static.k8s.io"
  const std::string fits = policy_named("{name: " + longest + "}");
  EXPECT_EQ(berth({"export", "admission-policy", "--static", "-"}, fits).code, kClean);
  const std::string longer = policy_named("{name: " + longest + "a}");
  EXPECT_EQ(berth({"export", "admission-policy", "-"}, longer).code, kClean) << "without .static.k8s.io";
  const Ran ran = berth({"export", "admission-policy", "--static", "-"}, longer);
  EXPECT_EQ(ran.code, kUnreadable);
  EXPECT_NE(ran.err.find("; write at most 207 characters\n"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.out, "");

  const Ran none = berth({"export", "admission-policy", "-"}, policy_named("{generateName: data-}"));
  EXPECT_EQ(none.code, kUnreadable);
  EXPECT_EQ(none.err,
            "-:1:1: error: the ExposurePolicy has no metadata.name, after which to name others; write one\n"
            "nothing was exported\n");
}

TEST(Export, NamesWhatCannotBeRead) {
  const Files files;
  const Ran none =
      berth({"export", "admission-policy", files.add("web.yaml", testing::service("{ports: [{port: 1}]}"))});
  EXPECT_EQ(none.code, kUnreadable);
  EXPECT_EQ(files.anonymous(none.err),
            "<dir>/web.yaml: error: holds no ExposurePolicy (apiVersion berth.dev/v1alpha1)\nnothing was "
            "exported\n");
  EXPECT_EQ(none.out, "");
  const Ran wrong = berth({"export", "admission-policy", "-"},
                          "kind: ExposurePolicy\napiVersion: berth.dev/v1alpha1\n"
                          "metadata: {name: a}\nspec: {internal: [{prot: 1}]}\n");
  EXPECT_EQ(wrong.code, kUnreadable);
  EXPECT_NE(wrong.err.find("prot"), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace berth::cli
