// The text that the webhook is posted: it is answered, about this request, and what cannot be read is denied.
#include "kube/wire/admission_review.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/exposure/fact_index.h"
#include "core/number_books.h"
#include "fuzz/must.h"
#include "kube/json/tree.h"
#include "webhook/review_handler.h"

namespace berth {
namespace {

constexpr Instant kNow{1'795'000'000'000};

// A policy, and a StatefulSet that a named port leads to.
const exposure::FactIndex& facts() {
  static const exposure::FactIndex index = [] {
    exposure::FactIndex made;
    auto policy = std::make_shared<ExposurePolicy>();
    policy->meta.name = "control-plane";
    policy->spec.external = {{.port = 443}};
    policy->spec.internal = {{.port = 5432, .service = "PostgreSQL"}, {.ports = {"27000-27100"}}};
    made.put(std::shared_ptr<const ExposurePolicy>(policy));
    auto pg = std::make_shared<Workload>();
    pg->api_version = "apps/v1";
    pg->kind = "StatefulSet";
    pg->meta.ns = "data";
    pg->meta.name = "pg";
    pg->template_labels = {{"app", "web"}};
    pg->pod.containers = {{.name = "postgres", .ports = {{.name = "pg", .container_port = 5432}}}};
    made.put(std::shared_ptr<const Workload>(pg));
    return made;
  }();
  return index;
}

void check(std::string_view text) {
  const NumberBooks books;
  const webhook::Reviewed reviewed = webhook::review(text, &facts(), kNow, &books);
  const auto answer = json::parse_tree(reviewed.answer);
  MUST(answer.ok());
  MUST(answer->find({"response"}) != nullptr);
  if (!reviewed.understood) MUST(!reviewed.outcome.allowed && !reviewed.outcome.message.empty());
  const wire::ParsedReview parsed = wire::parse_admission_review(text);
  if (parsed.request.ok()) MUST(parsed.uid == parsed.request->uid);
  MUST(webhook::review(text, &facts(), kNow, &books).answer == reviewed.answer);
  (void)webhook::review(text, nullptr, kNow);
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
