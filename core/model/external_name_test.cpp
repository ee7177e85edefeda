#include "core/model/external_name.h"

#include <gtest/gtest.h>
#include <string>

namespace berth {
namespace {

std::string named(const char* dns_name) {
  const auto key = service_named(dns_name);
  return key ? to_string(*key) : "";
}

TEST(ExternalName, MeansTheServiceOfItsNamespace) {
  EXPECT_EQ(named("db.data.svc.cluster.local"), "data/db");
  EXPECT_EQ(named("db.data.svc"), "data/db");
}

TEST(ExternalName, IsReadInAnyCaseAndWithTheDotOfTheRoot) {
  EXPECT_EQ(named("DB.Data.SVC.Cluster.Local."), "data/db");
  EXPECT_EQ(named("db.data.svc."), "data/db");
}

TEST(ExternalName, TheDomainOfTheClusterMayBeAnyName) {
  EXPECT_EQ(named("db.data.svc.prod.example.org"), "data/db");
}

TEST(ExternalName, APodOfAHeadlessServiceBelongsToTheService) {
  EXPECT_EQ(named("pg-0.db.data.svc.cluster.local"), "data/db");
}

TEST(ExternalName, TheSearchPathOfAPodCompletesTwoLabels) { EXPECT_EQ(named("db.data"), "data/db"); }

TEST(ExternalName, OtherNamesMeanNoService) {
  for (const char* name : {"", ".", "db", "api.example.org", "svc.cluster.local", "data.svc.cluster.local",
                           "db..svc.cluster.local", "localhost", "127.0.0.1"}) {
    EXPECT_EQ(named(name), "") << name;
  }
}

}  // namespace
}  // namespace berth
