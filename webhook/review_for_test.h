// Reviews as the API server posts them, and a policy to judge them by: 443 may be reached from outside, 5432
// may not.
#pragma once

#include <memory>
#include <string>

#include "core/exposure/fact_index.h"

namespace berth::webhook {

inline constexpr Instant kNow{1'767'435'123'000};

inline exposure::FactIndex facts() {
  ExposurePolicy policy;
  policy.meta.name = "control-plane";
  policy.spec.unknown = "Warn";
  PolicyPort https;
  https.port = 443;
  policy.spec.external = {https};
  PolicyPort postgres;
  postgres.port = 5432;
  postgres.service = "PostgreSQL";
  policy.spec.internal = {postgres};
  exposure::FactIndex index;
  index.put(std::make_shared<const ExposurePolicy>(policy));
  return index;
}

inline std::string review_of(const std::string& kind, const std::string& resource, const std::string& object,
                             const std::string& operation = "CREATE",
                             const std::string& old_object = "null") {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1","operation":")" +
         operation + R"(","kind":)" + kind + R"(,"resource":)" + resource +
         R"(,"namespace":"data","name":"web","userInfo":{"username":"ann"},"object":)" + object +
         R"(,"oldObject":)" + old_object + "}}";
}

inline std::string service_review(const std::string& object, const std::string& operation = "CREATE",
                                  const std::string& old_object = "null") {
  return review_of(R"({"group":"","version":"v1","kind":"Service"})",
                   R"({"group":"","version":"v1","resource":"services"})", object, operation, old_object);
}

inline std::string service(const std::string& type, const std::string& port) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"data"},"spec":{"type":")" +
         type + R"(","selector":{"app":"web"},"ports":[)" + port + "]}}";
}

}  // namespace berth::webhook
