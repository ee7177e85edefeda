#include "core/exposure/fingerprints.h"

#include <gtest/gtest.h>
#include <string>

#include "core/exposure/testing/world.h"

namespace berth::exposure {
namespace {

using testing::container_port;
using testing::workload;

std::string_view image_of(std::string_view image) {
  const auto found = fingerprint_of_image(image);
  return found ? found->image : "";
}

TEST(Fingerprints, TellAnImageByTheLastPartOfItsName) {
  for (const char* image : {"postgres", "postgres:17", "docker.io/library/postgres:17.2-alpine",
                            "registry.example.org:5000/mirror/postgres", "postgres@sha256:0123",
                            "localhost:5000/postgres:17@sha256:0123"}) {
    EXPECT_EQ(image_of(image), "postgres") << image;
  }
}

TEST(Fingerprints, LeaveAloneWhatOnlyHasASimilarName) {
  for (const char* image :
       {"", "postgres-exporter", "my-postgres:17", "postgres/admin", "Postgres", "pgbouncer",
        "mongo-express:1", "redis_exporter", "registry/redis:5000/web", ":", "@", "/"}) {
    EXPECT_EQ(image_of(image), "") << image;
  }
}

TEST(Fingerprints, TellProgramsThatLeadOutByThemselves) {
  EXPECT_EQ(tunnel_of_image("cloudflare/cloudflared:2026.1.0"), "cloudflared");
  EXPECT_EQ(tunnel_of_image("ngrok/ngrok"), "ngrok");
  for (const char* image :
       {"", "nginx", "cloudflared-exporter", "ngrok-operator:1", "tailscale/k8s-operator"}) {
    EXPECT_EQ(tunnel_of_image(image), "") << image;
  }
}

// A way to port 8080 of a pod whose container runs that image.
struct Case {
  Workload pod = workload("Deployment", "web", {container_port(8080)});
  WayOut way = {};

  explicit Case(const char* image) {
    pod.pod.containers[0].image = image;
    way.workload = &pod;
    way.container = "main";
    way.container_port = 8080;
  }
};

TEST(Fingerprints, TellAServiceThatWasMoved) {
  const Case moved("postgres:17");
  const auto found = moved_service(moved.way);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->usual_port, 5432);
}

TEST(Fingerprints, LeaveAloneWhatListensWhereItUsuallyDoes) {
  Case both("postgres:17");
  both.pod.pod.containers[0].ports.push_back(container_port(5432));
  EXPECT_FALSE(moved_service(both.way));
  Case usual("postgres:17");
  usual.way.container_port = 5432;
  EXPECT_FALSE(moved_service(usual.way));
}

TEST(Fingerprints, LookAtTheContainerThatTheWayLeadsTo) {
  Case beside("nginx:1.29");
  Container database = testing::container("db", {});
  database.image = "postgres:17";
  beside.pod.pod.containers.push_back(database);
  EXPECT_FALSE(moved_service(beside.way));
  beside.way.container.clear();  // nobody declares the port: any of them may listen there
  EXPECT_TRUE(moved_service(beside.way));
}

TEST(Fingerprints, SayNothingOfWaysWithoutAKnownEnd) {
  Case unknown("postgres:17");
  unknown.way.container_port = 0;
  EXPECT_FALSE(moved_service(unknown.way));
  Case nobody("postgres:17");
  nobody.way.workload = nullptr;
  EXPECT_FALSE(moved_service(nobody.way));
  Case udp("postgres:17");
  udp.way.protocol = Protocol::kUdp;
  EXPECT_FALSE(moved_service(udp.way));
}

}  // namespace
}  // namespace berth::exposure
