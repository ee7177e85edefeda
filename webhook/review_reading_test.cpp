// What is no review, or none that can be read, is denied.
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "webhook/review_for_test.h"
#include "webhook/review_handler.h"

namespace berth::webhook {
namespace {

struct Unreadable {
  const char* name;
  std::string text;
  const char* mentions;
};

TEST(Review, Row72_DeniesWhatItCannotReadAndNamesTheField) {
  const auto index = facts();
  const Unreadable cases[] = {
      {"no JSON", "port: 5432", ""},
      {"empty", "", ""},
      {"another version",
       R"({"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{}})", "apiVersion"},
      {"a port that is text", service_review(service("NodePort", R"({"port":"443"})")), "spec.ports[0].port"},
      {"a port twice", service_review(service("NodePort", R"({"port":80,"port":5432})")), "port"},
      {"a port with a fraction", service_review(service("NodePort", R"({"port":443.0})")),
       "spec.ports[0].port"},
      {"a kind nobody asked for",
       review_of(R"({"group":"","version":"v1","kind":"Secret"})",
                 R"({"group":"","version":"v1","resource":"secrets"})", "{}"),
       "request.kind"},
      {"the number that crashes a default RapidJSON",
       R"({"apiVersion":"admission.k8s.io/v1","x":0.)" + std::string(400, '0') + "1e-2147483639}", ""},
      {"a million brackets", std::string(1'000'000, '['), ""},
  };
  for (const Unreadable& c : cases) {
    const auto reviewed = review(c.text, &index, kNow);
    EXPECT_FALSE(reviewed.outcome.allowed) << c.name;
    EXPECT_FALSE(reviewed.understood) << c.name;
    EXPECT_NE(reviewed.answer.find(R"("allowed":false)"), std::string::npos) << c.name;
    EXPECT_NE(reviewed.outcome.message.find(c.mentions), std::string::npos)
        << c.name << ": " << reviewed.outcome.message;
  }
}

TEST(Review, AnswersTheUidOfARequestItCannotRead) {
  const auto index = facts();
  const auto reviewed = review(service_review(service("NodePort", R"({"port":"443"})")), &index, kNow);
  EXPECT_NE(reviewed.answer.find(R"("uid":"u-1")"), std::string::npos) << reviewed.answer;
}

// Whatever a client sends: an answer, and never an allowed one unless the text still is a whole review.
TEST(Review, SurvivesAnyDamageToItsText) {
  const auto index = facts();
  const std::string whole = service_review(service("LoadBalancer", R"({"port":443,"targetPort":5432})"));
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    const int edits = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < edits; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, 1, "{}[],:\"0\\"[random() % 9]);
          break;
      }
      if (text.empty()) text = "x";
    }
    const auto reviewed = review(text, &index, kNow);
    EXPECT_FALSE(reviewed.answer.empty());
    if (!reviewed.understood) {
      EXPECT_FALSE(reviewed.outcome.allowed) << text;
    }
  }
}

}  // namespace
}  // namespace berth::webhook
