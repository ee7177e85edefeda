#include "operator/testing/workbench.h"

#include <utility>

#include "core/allocation/ledger.h"
#include "core/base/api_names.h"
#include "core/desired/services.h"

namespace berth::controller {
namespace {

// Those objects that the watch selects.
template <class T, class Selected>
void list_into(const testing::FakeApiServer& server, const wire::Kind& kind, runtime::Store<T>& store,
               Selected selected) {
  store.apply(runtime::Init{});
  for (T& object : testing::all_stored<T>(server, kind)) {
    if (!selected(object)) continue;
    store.apply(runtime::InitApply<T>{std::move(object)});
  }
  store.apply(runtime::InitDone{std::to_string(server.revision())});
}

template <class T>
void list_into(const testing::FakeApiServer& server, const wire::Kind& kind, runtime::Store<T>& store) {
  list_into(server, kind, store, [](const T&) { return true; });
}

bool is_about(const http::Request& request, const std::string& method, const std::string& part) {
  return request.method == method && request.target.find(part) != std::string::npos;
}

std::string shard_of_number(std::int64_t number) {
  return allocation::shard_name(allocation::Space::kNodePort, allocation::shard_of(Port::of(number)));
}

}  // namespace

Workbench::Workbench(std::int64_t first, std::int64_t last)
    : server(clock),
      client(faults, {.field_manager = kOperatorManager}),
      people(server, {.field_manager = "people"}),
      stores(listeners()),
      observer(stores, clock),
      applier(client, stores),
      bookkeeper(client, clock, stores, observer, applier),
      reporter(client, clock, stores, observer) {
  make(wire::kNamespace, testing::make_namespace("mesh"));
  PortRange range =
      testing::make_prange("mesh", "NodePort", {std::to_string(first) + "-" + std::to_string(last)});
  range.spec.reuse_after = "5s";
  make(wire::kPortRange, range);
  read();
}

StoreListeners Workbench::listeners() {
  StoreListeners made;
  made.ledgers = [this](const auto&) { observer.ledgers_changed(); };
  made.ranges = [this](const auto&) { observer.ranges_changed(); };
  made.allocations = [this](const auto& change) { observer.allocations_changed(change); };
  made.services = [this](const auto& change) { observer.services_changed(change); };
  made.pods = [this](const auto& change) { observer.pods_changed(change); };
  made.exposure_policies = [this](const auto&) { observer.exposure_policies_changed(); };
  return made;
}

void Workbench::read() {
  list_into(server, wire::kPortLedger, stores.ledgers);
  list_into(server, wire::kPortRange, stores.ranges);
  list_into(server, wire::kExposurePolicy, stores.exposure_policies);
  list_into(server, wire::kNamespace, stores.namespaces);
  list_into(server, wire::kPortAllocation, stores.allocations);
  list_into(server, wire::kService, stores.services);
  list_into(server, wire::kNetworkPolicy, stores.policies);
  list_into(server, wire::kConfigMap, stores.config_maps,
            [](const ConfigMap& object) { return object.meta.labels.contains(kConfigMapLabel); });
  list_into(server, wire::kPod, stores.pods);
  const auto of_a_wall = [](const auto& object) { return object.meta.labels.contains(kWallLabel); };
  list_into(server, wire::kValidatingAdmissionPolicy, stores.admission_policies, of_a_wall);
  list_into(server, wire::kValidatingAdmissionPolicyBinding, stores.admission_bindings, of_a_wall);
}

PortAllocation Workbench::allocate(const std::string& name, std::int64_t number) {
  return make(
      wire::kPortAllocation,
      testing::make_palloc("mesh", name, "mesh",
                           {testing::make_palloc_port("api", std::int64_t{8080}, number)}, "External"));
}

void Workbench::fail_once(std::string method, std::string part, testing::Fault fault) {
  auto done = std::make_shared<bool>(false);
  faults.set_policy([=](const testing::FaultContext& context) -> testing::Fault {
    if (*done || !is_about(context.request, method, part)) return testing::NoFault{};
    *done = true;
    return fault;
  });
}

void Workbench::just_before(std::string method, std::string part, std::function<void()> act) {
  auto done = std::make_shared<bool>(false);
  faults.set_policy([=](const testing::FaultContext& context) -> testing::Fault {
    if (!*done && is_about(context.request, method, part)) {
      *done = true;
      act();
    }
    return testing::NoFault{};
  });
}

void Workbench::answer_always(std::string method, std::string part,
                              std::function<http::Response(const http::Request&)> answer) {
  faults.set_policy([=](const testing::FaultContext& context) -> testing::Fault {
    if (!is_about(context.request, method, part)) return testing::NoFault{};
    return testing::Answered{answer(context.request)};
  });
}

std::vector<std::string> Workbench::writes() const {
  const std::string by_operator = std::string("fieldManager=") + kOperatorManager;
  std::vector<std::string> lines;
  for (const testing::LoggedRequest& each : server.log()) {
    // A DELETE names no field manager; people's removals are followed by clear_log() where it matters.
    const bool ours = each.request.target.find(by_operator) != std::string::npos;
    if (!each.write() || (!ours && each.request.method != "DELETE")) continue;
    if (each.request.target.find("dryRun=All") != std::string::npos) continue;  // a question
    lines.push_back(each.request.method + " " + each.request.target.substr(0, each.request.target.find('?')));
  }
  return lines;
}

std::string Workbench::record(std::int64_t number) const {
  const auto shard = at_server<PortLedger>(wire::kPortLedger, {"", shard_of_number(number)});
  if (!shard) return "free";
  const auto text = shard->spec.entries.find(std::to_string(number));
  if (text == shard->spec.entries.end()) return "free";
  const allocation::Entry entry = allocation::decode_entry(text->second).value();
  return (entry.held() ? "held " : "resting ") + to_string(entry.owner);
}

void Workbench::put_record(std::int64_t number, const PortAllocation& owner, std::int64_t fence) {
  const std::string name = shard_of_number(number);
  const auto present = at_server<PortLedger>(wire::kPortLedger, {"", name});
  PortLedger shard = present.value_or(testing::make_ledger(
      name, "NodePort", static_cast<std::int64_t>(allocation::shard_of(Port::of(number)))));
  allocation::Entry entry;
  entry.owner = owner.meta.key();
  entry.owner_uid = owner.meta.uid;
  entry.slots = {{"api", Protocol::kTcp}};
  entry.sequence = shard.spec.next_sequence++;
  entry.range = "mesh";
  shard.spec.fence = std::max(shard.spec.fence, fence);
  shard.spec.entries[std::to_string(number)] = allocation::encode(entry);
  (void)(present ? people.replace(wire::kPortLedger, shard) : people.create(wire::kPortLedger, shard))
      .value();
}

Service generated_service(const PortAllocation& owner, std::int64_t number) {
  Service service;
  service.meta = desired::generated_meta(owner, owner.meta.name);
  service.type = "NodePort";
  service.selector = owner.spec.selector;
  service.ports = {testing::make_service_port(number, std::int64_t{8080}, number, "api")};
  return service;
}

NetworkPolicy generated_policy(const PortAllocation& owner) {
  NetworkPolicy policy;
  policy.meta = desired::generated_meta(owner, owner.meta.name + kIngressPolicySuffix);
  policy.pod_selector.match_labels = owner.spec.selector;
  policy.policy_types = {"Ingress"};
  return policy;
}

}  // namespace berth::controller
