#include "operator/testing/simulation.h"

#include <cctype>
#include <optional>
#include <utility>

#include "core/base/api_names.h"
#include "core/model/effective_ports.h"
#include "kube/json/tree.h"
#include "kube/testing/builders.h"
#include "operator/testing/history.h"
#include "operator/testing/narrowing.h"

namespace berth::controller {
namespace {

using testing::FakeApiServer;

constexpr char kNamespace[] = "mesh";
constexpr char kSecondNamespace[] = "far";
constexpr std::int64_t kFirstNumber = 30500;

// Writes ledgers over whatever is there: takes the resourceVersion of the present object.
class BlindLedgers final : public http::Transport {
 public:
  BlindLedgers(http::Transport& inner, const FakeApiServer& server) : inner_(&inner), server_(&server) {}

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override {
    if (request.method != "PUT" || request.target.find("/portledgers/") == std::string::npos) {
      return inner_->exchange(request, deadline);
    }
    http::Request blind = request;
    auto body = json::parse_tree(request.body).value();
    const auto present = server_->object(wire::kPortLedger, {"", body.text_at({"metadata", "name"})});
    if (present) {
      body.at({"metadata", "resourceVersion"}) =
          json::Tree::text(present->text_at({"metadata", "resourceVersion"}));
    }
    blind.body = json::print_tree(body);
    return inner_->exchange(blind, deadline);
  }
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override {
    return inner_->open(request, deadline);
  }

 private:
  http::Transport* inner_;
  const FakeApiServer* server_;
};

// One operator process: dies and starts again with nothing but the cluster.
class Process {
 public:
  Process(FakeApiServer& server, testing::ManualClock& clock, const SimulationOptions& options, int number)
      : clock_(&clock),
        seed_(options.seed * 31 + static_cast<std::uint64_t>(number)),
        rights_(server),
        faulty_(rights_),
        blind_(faulty_, server),
        client_(
            options.sabotage == Sabotage::kNoCompareAndSwap ? static_cast<http::Transport&>(blind_) : faulty_,
            {kOperatorManager}) {
    start();
  }

  void start() {
    engine_.reset();
    fence_ = next_fence_++;
    listed_ = 0;
    EngineHooks hooks;
    hooks.fence = [this] { return fence_; };
    hooks.superseded = [this](std::int64_t seen) {
      next_fence_ = std::max(next_fence_, seen + 1), fence_ = -1;
    };
    EngineConfig config{"simulated", seed_, Duration(0)};
    config.scope = rights_.scope();
    engine_ = std::make_unique<Engine>(client_, *clock_, std::move(config), std::move(hooks),
                                       runtime::QueueObserver{});
  }
  // Starts again with other namespaces, and with rights in them alone.
  void work_in(const NamespaceScope& scope) {
    rights_.narrow(scope);
    start();
  }
  [[nodiscard]] const std::vector<std::string>& refused() const { return rights_.refused(); }

  // One thing a thread of the process would do; false when there was nothing to do.
  bool step(std::mt19937_64& random) {
    if (fence_ < 0) start();  // another one leads: the real process ends and is started again
    const auto& watches = engine_->watches();
    if (listed_ < watches.size()) {
      if (watches[listed_]->step().ok() && ++listed_ == watches.size()) engine_->enqueue_everything();
      return true;
    }
    if (random() % 2 == 0) return engine_->work_once();
    return read(random() % watches.size());
  }

  // Everything there is to do now; false when there was nothing.
  bool drain() {
    bool busy = listed_ < engine_->watches().size() || fence_ < 0;
    std::mt19937_64 random(seed_);
    while (listed_ < engine_->watches().size() || fence_ < 0) step(random);
    for (std::size_t i = 0; i < engine_->watches().size(); ++i) {
      while (read(i)) busy = true;
    }
    while (engine_->work_once()) busy = true;
    return busy;
  }

  testing::FaultyTransport& faults() { return faulty_; }
  [[nodiscard]] std::optional<Instant> next_due() const { return engine_->next_due(); }

 private:
  bool read(std::size_t watch) {
    const auto progress = engine_->watches()[watch]->step();
    return progress.ok() && *progress != runtime::Progress::kIdle && *progress != runtime::Progress::kEnded;
  }

  static inline std::int64_t next_fence_ = 0;

  testing::ManualClock* clock_;
  std::uint64_t seed_;
  NamespacedRights rights_;
  testing::FaultyTransport faulty_;
  BlindLedgers blind_;
  client::Client client_;
  std::int64_t fence_ = 0;
  std::size_t listed_ = 0;
  std::unique_ptr<Engine> engine_;
};

// People and their tools.
class Users {
 public:
  Users(FakeApiServer& server, const testing::ManualClock& clock, const SimulationOptions& options)
      : server_(&server), clock_(&clock), options_(&options), client_(server, {"people"}) {
    make(wire::kNamespace, testing::make_namespace(kNamespace));
    if (options.narrowed) make(wire::kNamespace, testing::make_namespace(kSecondNamespace));
    PortRange range = testing::make_prange(
        "mesh", "NodePort",
        {std::to_string(kFirstNumber) + "-" + std::to_string(kFirstNumber + options.numbers - 1)});
    range.spec.reuse_after = "5s";
    make(wire::kPortRange, range);
  }

  void act(std::mt19937_64& random) {
    const std::string name =
        "app-" + std::to_string(random() % static_cast<std::uint64_t>(options_->allocations));
    ns_ = options_->narrowed && random() % 2 == 0 ? kSecondNamespace : kNamespace;
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
      case 3:
        create(name, random);
        break;
      case 4:
      case 5:
        remove<PortAllocation>(wire::kPortAllocation, name);
        break;
      case 6:
        remove<Service>(wire::kService, name);
        if (random() % 2 == 0) remove<ConfigMap>(wire::kConfigMap, "numbers-of-" + name);
        break;
      case 7:
        edit_node_port(name, random);
        break;
      case 8:
        foreign(random);
        break;
      case 9:
        edit_wishes(name, random);
        break;
      case 10:
        existing(name, random);
        break;
      default:
        server_->collect_garbage();
        break;
    }
  }

  void leave() {
    for (const char* ns : {kNamespace, kSecondNamespace}) {
      ns_ = ns;
      remove<Service>(wire::kService, "foreign");
    }
  }

 private:
  template <class T>
  void make(const wire::Kind& kind, const T& object) {
    (void)client_.create(kind, object);  // a name may be taken: people try things
  }

  void create(const std::string& name, std::mt19937_64& random) {
    const std::int64_t wanted =
        random() % 3 == 0
            ? kFirstNumber +
                  static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(options_->numbers))
            : 0;
    std::vector<AllocationPort> ports = {testing::make_palloc_port("api", std::int64_t{8080}, wanted)};
    if (random() % 4 == 0) ports.push_back(testing::make_palloc_port("admin", std::int64_t{9090}));
    if (random() % 4 == 0) ports.back().count = 2;
    if (random() % 4 == 0) ports[0].also_protocol = Protocol::kUdp;
    if (random() % 4 == 0) ports[0].migrate_from = migration(random);
    PortAllocation object = testing::make_palloc(ns_, name, "mesh", ports, "External");
    if (random() % 3 == 0) object.spec.sticky_for = "10s";
    if (name.back() % 3 == 0) object.spec.config_map = NumbersConfigMap{"numbers-of-" + name};
    make(wire::kPortAllocation, object);
  }

  // From a number of the range or just below it; some end by themselves.
  Migration migration(std::mt19937_64& random) {
    Migration migration{kFirstNumber - 3 + static_cast<std::int64_t>(random() % 6), ""};
    const auto seconds = std::chrono::seconds(random() % 60);
    if (random() % 2 == 0) migration.until = to_rfc3339(clock_->wall() + seconds);
    return migration;
  }

  // Numbers are to wait for whom they did not, or not any more.
  void edit_wishes(const std::string& name, std::mt19937_64& random) {
    (void)client_.merge_patch<PortAllocation>(
        wire::kPortAllocation, {ns_, name},
        random() % 2 == 0 ? R"({"spec":{"stickyFor":"10s"}})" : R"({"spec":{"stickyFor":null}})");
  }

  template <class T>
  void remove(const wire::Kind& kind, const std::string& name) {
    const auto present = client_.get<T>(kind, {ns_, name});
    if (present.ok()) (void)client_.remove<T>(kind, {ns_, name}, {present->meta.uid});
  }

  // Somebody types another number into a generated Service.
  void edit_node_port(const std::string& name, std::mt19937_64& random) {
    const std::int64_t number = 32000 + static_cast<std::int64_t>(random() % 50);
    const auto present = client_.get<Service>(wire::kService, {ns_, name});
    if (!present.ok() || present->ports.empty()) return;
    (void)client_.merge_patch<Service>(
        wire::kService, {ns_, name},
        R"({"spec":{"ports":[{"name":"api","port":80,"nodePort":)" + std::to_string(number) + "}]}}");
  }

  // A Service that was there before, or in place of the generated one; it asks to be adopted, perhaps later.
  void existing(const std::string& name, std::mt19937_64& random) {
    const auto present = client_.get<Service>(wire::kService, {ns_, name});
    if (present.ok()) {
      (void)client_.merge_patch<Service>(
          wire::kService, {ns_, name},
          R"({"metadata":{"annotations":{"berth.dev/adopt":")" + name + R"("}}})");
      return;
    }
    const std::int64_t number =
        kFirstNumber - 1 +
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(options_->numbers));
    Service service = testing::make_service(
        ns_, name, {testing::make_service_port(80, std::int64_t{8080}, number, "http")}, "NodePort");
    service.external_traffic_policy = "Cluster";
    if (random() % 2 == 0) service.meta.annotations = {{kAdoptAnnotation, name}};
    make(wire::kService, service);
  }

  void foreign(std::mt19937_64& random) {
    const std::int64_t number =
        kFirstNumber + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(options_->numbers));
    make(wire::kService,
         testing::make_service(ns_, "foreign", {testing::make_service_port(80, {}, number)}, "NodePort"));
  }

  FakeApiServer* server_;
  const testing::ManualClock* clock_;
  const SimulationOptions* options_;
  client::Client client_;
  std::string ns_ = kNamespace;  // where they work now
};

// Lets every process do all it can until nothing is due for ten minutes of simulated time.
bool settle(std::vector<std::unique_ptr<Process>>& processes, testing::ManualClock& clock,
            FakeApiServer& server) {
  const Instant end = clock.monotonic() + std::chrono::minutes(10);
  for (int round = 0; round < 5000; ++round) {
    bool busy = false;
    for (auto& process : processes) busy = process->drain() || busy;
    busy = server.collect_garbage() > 0 || busy;
    if (busy) continue;
    Instant next = end;
    for (auto& process : processes) {
      if (const auto due = process->next_due()) next = std::min(next, *due);
    }
    if (clock.monotonic() >= end) return true;
    clock.advance(std::max(Duration(1), std::min(next, end) - clock.monotonic()));
  }
  return false;
}

// The ConfigMap tells each number that status shows.
void check_told(const FakeApiServer& server, const PortAllocation& allocation, SimulationResult& result) {
  if (!allocation.spec.config_map) return;
  const ObjectKey key{allocation.meta.ns, allocation.spec.config_map->name};
  const auto told = testing::stored<ConfigMap>(server, wire::kConfigMap, key);
  for (const AllocatedPort& port : allocation.status.ports) {
    std::string name;
    for (const char c : port.name) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
    name += "_PORT";
    const bool right = told && told->data.contains(name) && told->data.at(name) == std::to_string(port.port);
    if (!right) result.unfinished.push_back(to_string(key) + " does not tell " + std::to_string(port.port));
  }
}

void check_end(const FakeApiServer& server, SimulationResult& result) {
  for (const auto& allocation : testing::all_stored<PortAllocation>(server, wire::kPortAllocation)) {
    const std::string name = to_string(allocation.meta.key());
    const Condition* ready = find_condition(allocation.status.conditions, "Ready");
    if (ready == nullptr) {
      result.unfinished.push_back(name + " has no Ready condition");
      continue;
    }
    if (ready->status == "True") {
      ++result.granted;
      if (allocation.status.ports.size() != effective_ports(allocation, std::nullopt).size()) {
        result.unfinished.push_back(name + " is Ready with a part of its ports");
      }
      const auto service = testing::stored<Service>(server, wire::kService, allocation.meta.key());
      if (!service) result.unfinished.push_back(name + " is Ready without a Service");
      for (const AllocatedPort& port : allocation.status.ports) {
        bool published = false;
        for (const ServicePort& offered : service ? service->ports : std::vector<ServicePort>{}) {
          published = published || offered.node_port == port.port;
        }
        if (!published) result.unfinished.push_back(name + " does not publish " + std::to_string(port.port));
      }
      check_told(server, allocation, result);
    } else if (ready->reason.empty() || ready->reason == "Pending") {
      result.unfinished.push_back(name + " waits without a reason");
    }
  }
}

}  // namespace

SimulationOptions schedule(std::uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  options.steps = 50;
  options.allocations = 3;
  options.numbers = 3;
  if (seed % 4 == 0) {
    options.crashes = false;
    return options;
  }
  options.faults = {
      .not_sent = 20, .reply_lost = 30, .conflict = 30, .throttled = 10, .broken = 10, .unavailable = 20};
  if (seed % 4 != 1) {
    options.operators = 2;
    options.steps = 140;
  }
  return options;
}

std::vector<std::string> complaints(const SimulationResult& result) {
  std::vector<std::string> lines = result.breaches;
  lines.insert(lines.end(), result.unfinished.begin(), result.unfinished.end());
  if (result.writes_at_rest > 0) lines.push_back(std::to_string(result.writes_at_rest) + " writes at rest");
  return lines;
}

SimulationResult simulate(const SimulationOptions& options) {
  testing::ManualClock clock;
  FakeApiServer server(clock, {.field_owners = false});
  std::mt19937_64 random(options.seed);
  Users users(server, clock, options);
  std::vector<std::unique_ptr<Process>> processes;
  for (int i = 0; i < options.operators; ++i) {
    processes.push_back(std::make_unique<Process>(server, clock, options, i));
    processes.back()->faults().set_policy(
        testing::random_faults(options.faults, options.seed + static_cast<std::uint64_t>(i)));
  }

  SimulationResult result;
  const NamespaceScope first_alone{{kNamespace}};
  std::int64_t narrowed_at = 0;
  for (int step = 0; step < options.steps; ++step) {
    if (options.narrowed && step == options.steps / 3) {
      for (auto& each : processes) each->work_in(first_alone);
      narrowed_at = server.revision();
    }
    if (options.narrowed && step == options.steps * 2 / 3) {
      result.breaches = touched(server.history(), first_alone, narrowed_at, kOperatorManager);
      for (auto& each : processes) each->work_in({});
    }
    Process& process = *processes[random() % processes.size()];
    const std::uint64_t choice = random() % 100;
    if (choice < 8) {
      users.act(random);
    } else if (choice < 14) {
      clock.advance(Duration(static_cast<std::int64_t>(random() % 3000)));
    } else if (choice < 15 && options.crashes) {
      process.start();
    } else if (choice < 18 && options.crashes) {
      // Dies around one of its next writes, wherever it is then.
      const std::size_t at = process.faults().writes() + 1 + random() % 3;
      if (random() % 2 == 0) {
        process.faults().crash_before_write(at);
      } else {
        process.faults().crash_after_write(at);
      }
    } else {
      try {
        process.step(random);
      } catch (const testing::SimulatedCrash&) {
        process.start();
      }
    }
  }

  for (auto& process : processes) {
    const auto& refused = process->refused();
    result.breaches.insert(result.breaches.end(), refused.begin(), refused.end());
    process->faults().set_policy({});
    process->faults().crash_before_write(0);
    process->faults().crash_after_write(0);
  }
  // One leader is left, as when the lease has done its work.
  processes.resize(1);
  processes.front()->start();
  users.leave();
  if (!settle(processes, clock, server)) result.unfinished.push_back("the operator never came to rest");
  server.clear_log();
  (void)settle(processes, clock, server);
  for (const testing::LoggedRequest& request : server.log()) {
    if (request.changed && request.request.target.find("/events") == std::string::npos)
      ++result.writes_at_rest;
  }
  check_end(server, result);
  const auto of_history = breaches(server.history());
  result.breaches.insert(result.breaches.end(), of_history.begin(), of_history.end());
  return result;
}

}  // namespace berth::controller
