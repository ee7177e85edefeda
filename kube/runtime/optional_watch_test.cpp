#include "kube/runtime/optional_watch.h"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/model/service.h"
#include "kube/runtime/store.h"
#include "kube/testing/builders.h"
#include "kube/testing/fake_api_server.h"
#include "kube/testing/manual_clock.h"

namespace berth::runtime {
namespace {

// A kind that the server behind it has, as long as it is installed.
class Installable final : public http::Transport {
 public:
  explicit Installable(http::Transport& beneath) : beneath_(&beneath) {}
  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    asked.push_back(request.target.substr(0, request.target.find('?')));
    if (!installed) return http::Response{404, {}, R"({"kind":"Status","code":404,"reason":"NotFound"})"};
    return beneath_->exchange(request, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override {
    if (!installed) return Error{Code::kNotFound, "404"};
    return beneath_->open(request, deadline);
  }

  bool installed = false;
  std::vector<std::string> asked;

 private:
  http::Transport* beneath_;
};

struct Bench {
  testing::ManualClock clock;
  testing::FakeApiServer server{clock};
  Installable transport{server};
  client::Client client{transport, {.field_manager = "test"}};
  StoreGroup group;
  Store<Service> store{group};
  wire::Kind older{"old.example.org", "v1", "services", "Service", true};
  std::unique_ptr<KindWatch> watch;

  explicit Bench(bool with_older = false) {
    WatcherConfig config;
    config.read_wait = Duration(0);
    const std::vector<wire::Kind> versions =
        with_older ? std::vector{older, wire::kService} : std::vector{wire::kService};
    watch = make_optional_watch<Service>(client, clock, versions, config, store, {});
    const client::Client direct(server, {.field_manager = "test"});
    EXPECT_TRUE(
        direct.create(wire::kService, testing::make_service("a", "web", {testing::make_service_port(80)}))
            .ok());
  }

  Progress step() { return watch->step().value(); }
  std::size_t size() { return store.size(group.snapshot()); }
};

TEST(OptionalWatch, AKindThatIsNotServedIsReadyAndEmpty) {
  Bench bench;
  EXPECT_FALSE(bench.watch->ready());
  EXPECT_EQ(bench.step(), Progress::kAbsent);
  EXPECT_TRUE(bench.watch->ready());
  EXPECT_EQ(bench.size(), 0U);
}

TEST(KindWatch, TellsWhenTheServerLastSaidWhatItHas) {
  Bench bench;
  WatcherConfig config;
  config.kind = wire::kIngress;
  config.read_wait = Duration(0);
  Store<Ingress> store{bench.group};
  std::vector<std::unique_ptr<KindWatch>> watches;
  const client::Client direct(bench.server, {.field_manager = "test"});
  watches.push_back(make_kind_watch<Ingress>(direct, bench.clock, config, store, {}));
  EXPECT_EQ(silences(watches, bench.clock.monotonic()), (std::map<std::string, double>{}));
  EXPECT_EQ(watches[0]->step().value(), Progress::kListed);
  bench.clock.advance(Duration(61'000));
  EXPECT_EQ(watches[0]->step().value(), Progress::kOpened);
  EXPECT_EQ(watches[0]->step().value(), Progress::kIdle);
  EXPECT_EQ(silences(watches, bench.clock.monotonic()),
            (std::map<std::string, double>{{"ingresses.networking.k8s.io", 61}}))
      << "that a watch is open says nothing";
  Ingress made;
  made.meta.name = "web";
  made.meta.ns = "a";
  ASSERT_TRUE(direct.create(wire::kIngress, made).ok());
  EXPECT_EQ(watches[0]->step().value(), Progress::kRead);
  EXPECT_EQ(silences(watches, bench.clock.monotonic()).at("ingresses.networking.k8s.io"), 0);
}

TEST(OptionalWatch, AKindThatIsNotServedIsNotSilent) {
  Bench bench;
  bench.transport.installed = true;
  EXPECT_EQ(bench.step(), Progress::kListed);
  EXPECT_TRUE(bench.watch->heard());
  bench.transport.installed = false;
  EXPECT_EQ(bench.watch->resource(), "services");
  EXPECT_EQ(bench.step(), Progress::kAbsent);
  EXPECT_EQ(bench.watch->heard(), std::nullopt);
}

TEST(OptionalWatch, AKindThatIsInstalledLaterIsListedAndWatched) {
  Bench bench;
  EXPECT_EQ(bench.step(), Progress::kAbsent);
  bench.transport.installed = true;
  EXPECT_EQ(bench.step(), Progress::kListed);
  EXPECT_EQ(bench.size(), 1U);
  EXPECT_EQ(bench.step(), Progress::kOpened);
}

TEST(OptionalWatch, AKindThatIsRemovedLeavesNothing) {
  Bench bench;
  bench.transport.installed = true;
  EXPECT_EQ(bench.step(), Progress::kListed);
  bench.transport.installed = false;
  EXPECT_EQ(bench.step(), Progress::kAbsent);
  EXPECT_EQ(bench.size(), 0U);
  EXPECT_TRUE(bench.watch->ready());
}

TEST(OptionalWatch, AnOlderServerIsAskedForTheVersionThatItHas) {
  Bench bench(true);
  bench.transport.installed = true;
  EXPECT_EQ(bench.step(), Progress::kLooked);
  EXPECT_FALSE(bench.watch->ready()) << "a version that is not served says nothing of the others";
  EXPECT_EQ(bench.step(), Progress::kListed);
  EXPECT_EQ(bench.size(), 1U);
  EXPECT_EQ(bench.transport.asked,
            (std::vector<std::string>{"/apis/old.example.org/v1/services", "/api/v1/services"}));
}

// Who has just been told that there is no such kind does not ask at once again.
TEST(OptionalWatch, GoesOnFromTheStepThatWasMadeBefore) {
  Bench bench;
  EXPECT_EQ(bench.step(), Progress::kAbsent);
  const std::size_t asked = bench.transport.asked.size();
  std::jthread thread([&](const std::stop_token& stop) { bench.watch->run(stop); });
  thread.request_stop();
  thread.join();
  EXPECT_EQ(bench.transport.asked.size(), asked);
}

TEST(OptionalWatch, EndsSoonAfterItIsTold) {
  Bench bench;
  std::stop_source stop;
  stop.request_stop();
  bench.watch->run(stop.get_token());
  EXPECT_EQ(bench.transport.asked.size(), 0U);
}

}  // namespace
}  // namespace berth::runtime
