#include "core/model/backend.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

BackendEndpoint at(const char* host) {
  BackendEndpoint made;
  made.host = host;
  return made;
}

Backend named(const char* reference_kind, const char* name) {
  Backend made;
  made.reference_kind = reference_kind;
  made.meta.ns = "web";
  made.meta.name = name;
  return made;
}

TEST(Backend, IsNamedByGroupKindAndNameInItsNamespace) {
  EntranceTarget target;
  target.ns = "web";
  target.resource = "example.org/Backend/pg";
  EXPECT_TRUE(names(target, named("example.org/Backend", "pg")));
  EXPECT_FALSE(names(target, named("example.org/Backend", "g")));
  EXPECT_FALSE(names(target, named("example.org/Back", "nd/pg")));
  EXPECT_FALSE(names(target, named("example.com/Backend", "pg")));
  target.ns = "data";
  EXPECT_FALSE(names(target, named("example.org/Backend", "pg")));
}

TEST(Backend, LeadsToAServiceByItsNames) {
  for (const char* host : {"db.data.svc", "DB.data.svc.cluster.local.", "db.data"}) {
    EXPECT_EQ(service_at(at(host)), (ObjectKey{"data", "db"})) << host;
    EXPECT_EQ(address_of(at(host)), "") << host;
  }
  for (const char* host : {"10.0.0.7", "fd00::7", "db", "db.example.org", ""})
    EXPECT_EQ(service_at(at(host)), std::nullopt) << host;
}

TEST(Backend, SaysWhetherANameCanBeSomebodyElses) {
  EXPECT_TRUE(is_name_of_cluster(at("db.data.svc")));
  EXPECT_TRUE(is_name_of_cluster(at("db.data.svc.cluster.local")));
  EXPECT_FALSE(is_name_of_cluster(at("example.com")));
  EXPECT_FALSE(is_name_of_cluster(at("example.com.")));
  EXPECT_FALSE(is_name_of_cluster(at("db.example.org")));
}

TEST(Backend, HasAddressesInTheirShortForm) {
  EXPECT_EQ(address_of(at("10.0.0.7")), "10.0.0.7");
  EXPECT_EQ(address_of(at("fd00:0:0:0:0:0:0:7")), "fd00::7");
}

TEST(Backend, LeadsToEachPlaceOnce) {
  Backend backend = named("example.org/Backend", "pg");
  backend.endpoints = {at("db.data.svc"), at("other.data.svc"), at("10.0.0.7"), at("db.example.org"), {}};
  backend.endpoints.back().selector = {{"app", "db"}};
  EXPECT_EQ(places_led_to(backend), (std::vector<std::string>{"data", "10.0.0.7", "web"}));
  EXPECT_TRUE(leads_to(backend, "10.0.0.7"));
  EXPECT_FALSE(leads_to(backend, "infra"));
}

}  // namespace
}  // namespace berth
