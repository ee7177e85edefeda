// The loader on texts that no person wrote: seeded mutations of manifests never crash it, what it accepts
// makes valid JSON that reads back the same, and every problem names a place inside the text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "cli/loader/documents.h"
#include "cli/loader/json_text.h"
#include "cli/loader/node_json.h"
#include "cli/loader/objects.h"

namespace berth::cli {
namespace {

const std::string kManifests[] = {
    R"(apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {app: web, "tier": 'front'}
  annotations:
    note: |
      first
      second: line
    folded: >-
      some
      text
spec:
  type: LoadBalancer   # comment
  selector:
    app: web
  externalIPs: [203.0.113.9, "2001:db8::1"]
  ports:
  - name: https
    port: 0x1bb
    targetPort: pg
  - {name: raw, port: 5_432, protocol: UDP}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: db}
spec: {backend: {serviceName: db, servicePort: "5432"}}
)",
    R"({
  "apiVersion": "v1", "kind": "List",
  "items": [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "caf\u00e9\n"},
     "spec": {"template": {"metadata": {"labels": {"a": "b"}},
       "spec": {"hostNetwork": true, "containers": [{"name": "c", "ports": [{"containerPort": 5432.0}]}]}}}}
  ]
})"};

const std::string kPieces[] = {"\n---\n",
                               "...\n",
                               "# c",
                               "\t",
                               " ",
                               "\r\n",
                               "\r",
                               ":",
                               ": ",
                               "- ",
                               "? ",
                               "[",
                               "]",
                               "{",
                               "}",
                               ",",
                               "\"",
                               "'",
                               "|",
                               ">-",
                               "&a ",
                               "*a",
                               "<<: ",
                               "!!str ",
                               "!x ",
                               "%YAML",
                               "\\u00",
                               "\\N",
                               "{{",
                               "\xE9",
                               "\xEF\xBB\xBF",
                               "\xE2\x80\xA8",
                               "0x1538",
                               ".inf",
                               "1e999",
                               "~",
                               "y",
                               "kind: Service\n",
                               "items: []\n",
                               "port: 5432\n",
                               "\"port\": 1, "};

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

std::string mutated(std::string text, Random& random) {
  for (std::size_t i = 1 + below(random, 4); i > 0; --i) {
    const std::size_t at = below(random, text.size() + 1);
    switch (below(random, 4)) {
      case 0:
        text.insert(at, kPieces[below(random, std::size(kPieces))]);
        break;
      case 1:
        text.erase(at, below(random, 8));
        break;
      case 2:
        text.insert(at, text.substr(below(random, text.size() + 1), below(random, 60)));
        break;
      default:
        text.insert(at, 1, static_cast<char>(below(random, 256)));
    }
  }
  return text;
}

std::uint64_t chosen_seed() {
  const char* given = std::getenv("BERTH_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

using Printer = std::function<std::string(const Node&)>;

// What is wrong with the loader's reading of `text`; "" when nothing is.
std::string fault(const std::string& text, const Printer& print) {
  Problems problems;
  std::vector<Document> documents = read_documents(text, "f", problems);
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 2;
  for (const Document& document : documents) {
    const std::string json = print(document.root);
    const auto again = parse_json(json);
    const auto* nodes = std::get_if<std::vector<Node>>(&again);
    if (nodes == nullptr || nodes->size() != 1) return "not JSON: " + json;
    if (to_json(nodes->front()) != to_json(document.root)) return "reads back differently: " + json;
  }
  (void)load_objects(std::move(documents), "default", problems);
  for (const std::vector<Problem>* list : {&problems.errors, &problems.warnings}) {
    for (const Problem& problem : *list) {
      if (problem.mark.line < 1 || problem.mark.line > lines || problem.mark.column < 1) {
        return "a problem without a place: " + to_string(problem, "error");
      }
      if (problem.message.find('\n') != std::string::npos)
        return "a problem of two lines: " + problem.message;
    }
  }
  return "";
}

// The first fault within `rounds` mutations; "" when there is none.
std::string first_fault(std::uint64_t seed, int rounds, const Printer& print) {
  Random random(seed);
  for (int i = 0; i < rounds; ++i) {
    const std::string text = mutated(kManifests[below(random, std::size(kManifests))], random);
    const std::string found = fault(text, print);
    if (!found.empty()) return found + "\nin:\n" + text;
  }
  return "";
}

TEST(LoaderOnMutations, NeverCrashesAndPrintsWhatItRead) {
  const std::uint64_t seed = chosen_seed();
  std::cout << "BERTH_TEST_SEED=" << seed << "\n";
  EXPECT_EQ(first_fault(seed, 2000, [](const Node& node) { return to_json(node); }), "");
}

TEST(LoaderOnMutations, WouldNoticeAPrinterThatDoesNotEscape) {
  const Printer careless = [](const Node& node) {
    std::string text = to_json(node);
    for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos;) text.replace(at, 2, "\n");
    return text;
  };
  EXPECT_NE(first_fault(1, 200, careless), "");
}

TEST(LoaderOnMutations, WouldNoticeAPrinterThatTruncatesNumbers) {
  const Printer careless = [](const Node& node) {
    std::string text = to_json(node);
    if (const std::size_t at = text.find("5432"); at != std::string::npos) text.erase(at, 1);
    return text;
  };
  EXPECT_NE(first_fault(1, 200, careless), "");
}

}  // namespace
}  // namespace berth::cli
