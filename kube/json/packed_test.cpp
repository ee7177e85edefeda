// That every field of every kind comes back is shown where the kinds are: expect_round_trip (round_trip.h).
#include "kube/json/packed.h"

#include <gtest/gtest.h>
#include <limits>

#include "core/base/messages.h"
#include "core/base/reasons.h"
#include "core/model/port_allocation.h"
#include "core/model/service.h"
#include "core/model/workload.h"

namespace berth::json {
namespace {

template <class T>
T there_and_back(const T& object) {
  return unpack<T>(pack(object));
}

Service with_uid(const std::string& uid) {
  Service service;
  service.meta.uid = Uid{uid};
  return service;
}

TEST(Packed, KeepsEveryNumberAsItIs) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{64},
        std::int64_t{-64}, std::int64_t{-65}, std::int64_t{65535}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    Service service;
    service.meta.generation = number;
    service.ports = {{"web", Protocol::kSctp, std::nullopt, number, number, 0}};
    EXPECT_EQ(there_and_back(service), service) << number;
  }
}

TEST(Packed, KeepsTextsThatOnlyLookLikeUuids) {
  for (const std::string uid :
       {"", "a", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f00",
        "0f1e2d3c04b5a-6978-8796-a5b4c3d2e1f0", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg",
        "------------------------------------"}) {
    EXPECT_EQ(there_and_back(with_uid(uid)), with_uid(uid)) << uid;
  }
  const std::string long_text(100'000, 'x');
  EXPECT_EQ(there_and_back(with_uid(long_text)), with_uid(long_text));
  const std::string with_zeros("a\0b", 3);
  EXPECT_EQ(there_and_back(with_uid(with_zeros)), with_uid(with_zeros));
}

TEST(Packed, WritesAUuidAsItsSixteenBytes) {
  const auto size = [](const std::string& uid) { return pack(with_uid(uid)).size(); };
  EXPECT_EQ(size("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0") - size(""), 17U);
}

TEST(Packed, WritesACommonWordAsItsPlaceAndOthersLetterByLetter) {
  const auto labelled = [](const std::string& text) {
    Service service;
    service.meta.labels = {{text, text}};
    return service;
  };
  for (const char* text : {"app.kubernetes.io/managed-by", "Ready", "app", "http", "admin"}) {
    EXPECT_EQ(there_and_back(labelled(text)), labelled(text)) << text;
    EXPECT_LE(pack(labelled(text)).size(), pack(labelled("")).size() + 2) << text;
  }
  for (const char* text : {"ready", "Read", "Readyy", "app.kubernetes.io/managed-b", "\x03", " app"}) {
    EXPECT_EQ(there_and_back(labelled(text)), labelled(text)) << text;
  }
}

TEST(Packed, WritesATimeAsItsSecondsAndWhatOnlyLooksLikeOneLetterByLetter) {
  const auto size = [](const std::string& time) { return pack(with_uid(time)).size(); };
  EXPECT_EQ(size("2026-11-22T11:28:55Z") - size(""), 6U);
  for (const char* text : {"2026-11-22T11:28:55Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
                           "0001-01-01T00:00:00Z", "2026-11-22T11:28:60Z", "2026-11-22T11:28:55z",
                           "2026-11-22 11:28:55Z", "2026-13-22T11:28:55Z", "2026-11-22T11:28:5.Z",
                           "2026-11-22T11:28:55.0Z", "2026-11-22T11:28:55+00:00", "20261122T1128550000Z"}) {
    EXPECT_EQ(there_and_back(with_uid(text)), with_uid(text)) << text;
  }
}

TEST(Packed, WritesAResourceVersionAsANumberAndWhatOnlyLooksLikeOneLetterByLetter) {
  const auto packed_size = [](const char* version) {
    Namespace object;
    object.meta.resource_version = version;
    const std::string packed = pack(object);
    EXPECT_EQ(unpack<Namespace>(packed).meta.resource_version, version);
    return packed.size();
  };
  EXPECT_EQ(packed_size("1234567"), packed_size("zzzzzzz") - 4);
  for (const char* text : {"0123456", "-123456", "+123456", "123456x", " 123456", "999", "999999999999999999",
                           "1000000000000000000", "18446744073709551616", "1234", "00000"}) {
    packed_size(text);
  }
}

TEST(Packed, WritesATextOnceHoweverOftenAnObjectHasIt) {
  for (const std::string text :
       {"api-gateway", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "2026-11-22T11:28:55Z"}) {
    Service service;
    service.meta.uid = Uid{text};
    const std::size_t once = pack(service).size();
    service.meta.resource_version = text;
    service.selector = {{text, text}};
    EXPECT_EQ(there_and_back(service), service) << text;
    EXPECT_LE(pack(service).size(), once + 9) << text;
  }
}

TEST(Packed, KeepsMoreTextsThanItKnowsAgain) {
  Service service;
  for (int i = 0; i < 300; ++i) {
    service.meta.labels["label-" + std::to_string(i)] = "value-" + std::to_string(i % 100);
    service.meta.annotations["value-" + std::to_string(i)] = std::string(static_cast<std::size_t>(i), 'x');
  }
  EXPECT_EQ(there_and_back(service), service);
}

TEST(Packed, TakesLittleForAnAllocationThatIsWell) {
  PortAllocation allocation;
  allocation.meta.uid = Uid{"89b6fb74-d75d-4717-b476-12ec4aa8720c"};
  for (const char* type : {"Allocated", "Published", "Enforced", "Ready", "Reconciling", "Stalled"}) {
    allocation.status.conditions.push_back(
        {type, "True", 1, "2026-11-22T11:28:55Z", reason::kReady, message::kReady});
  }
  EXPECT_LE(pack(allocation).size(), 140U);
}

TEST(Packed, TellsAnEmptyObjectFromNone) {
  PortAllocation allocation;
  allocation.spec.ports.emplace_back();
  allocation.spec.ports[0].health.emplace();
  allocation.spec.ports[0].allow_from.emplace_back().pod_selector.emplace();
  EXPECT_EQ(there_and_back(allocation), allocation);
}

TEST(Packed, ShowsItsKeyWithoutBeingUnpacked) {
  Workload pod;
  pod.api_version = "v1";
  pod.kind = "Pod";
  pod.meta.ns = "data";
  pod.meta.name = "db-0";
  pod.meta.labels = {{"app", "db"}};
  pod.template_labels = pod.meta.labels;
  const Packed packed = Packed::of(pod);
  EXPECT_EQ(packed.ns(), "data");
  EXPECT_EQ(packed.name(), "db-0");
  EXPECT_EQ(*packed.unpack<Workload>(), pod);
  const Packed same = packed;
  EXPECT_EQ(*same.unpack<Workload>(), pod);
}

TEST(Packed, TakesAClusterWideObjectWithoutANamespace) {
  PortAllocation allocation;
  allocation.meta.name = "web";
  const Packed packed = Packed::of(allocation);
  EXPECT_EQ(packed.ns(), "");
  EXPECT_EQ(*packed.unpack<PortAllocation>(), allocation);
}

}  // namespace
}  // namespace berth::json
