// The sample every bench works on: a small cluster, and texts as an API server sends them.
//
// 500 Deployments (or as many as asked for), each with a Service before it; the policy says that 5432 is
// internal and 443 may face the outside. Not random, so that two runs measure the same. Thread-safety: free
// functions without state.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/instant.h"
#include "core/exposure/fact_index.h"
#include "core/model/service.h"

namespace berth::bench {

inline constexpr Instant kNow{1'763'700'000'000};
inline constexpr int kWorkloads = 500;

// Namespaces "team-0", "team-1", ...; Deployment i has label app=app-<i> and ports 8080 "http" and 5432 "pg".
exposure::FactIndex cluster(int namespaces, int workloads = kWorkloads);

// A Service of namespace team-0 as the API server sends it, managedFields and all (about 2 KB).
std::string service_text(int number);

// A LoadBalancer before the Deployment app-0, in namespace team-0, whose port 443 leads to "pg": an internal
// port by its name, so that the path must be followed to find out. The webhook denies it.
Service exposing_service();
// The same as an AdmissionReview of a CREATE (about 3 KB).
std::string exposing_review();

// The CREATE of a Deployment as large as asked for, whose last container publishes 5432 on its node. As in
// life it is large because of its environment, which stands there three times: in the container, in the
// annotation that kubectl keeps, and in managedFields.
std::string exposing_review_of(std::size_t bytes);

}  // namespace berth::bench
