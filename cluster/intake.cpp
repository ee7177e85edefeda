#include "cluster/intake.h"

#include <type_traits>
#include <variant>

#include "kube/adapters/reading.h"

namespace berth::cluster {

// A pod template that is none makes no pods.
void AdapterIntake::put(const std::shared_ptr<const CustomObject>& object) {
  auto read = adapters::read(*adapter_, *object);
  if (!read.ok()) return remove(*object);
  std::visit(
      [&](auto& made) {
        using Made = std::remove_reference_t<decltype(made)>;
        index_->put(std::make_shared<const Made>(std::move(made)));
      },
      *read);
}

void AdapterIntake::remove(const CustomObject& object) {
  if (adapter_->policy_of != adapters::PolicyOf::kNobody) {
    NetworkPolicy policy;
    policy.kind = adapter_->shown_kind;
    policy.meta = object.meta;
    index_->remove(policy);
  } else if (adapter_->networks) {
    NetworkSet set;
    set.kind = adapter_->shown_kind;
    set.meta = object.meta;
    if (adapter_->cluster_scoped) set.meta.ns.clear();
    index_->remove(set);
  } else if (!adapter_->advertised.empty()) {
    Advertisement advertisement;
    advertisement.kind = adapter_->shown_kind;
    advertisement.meta = object.meta;
    index_->remove(advertisement);
  } else if (!adapter_->endpoints.empty()) {
    Backend backend;
    backend.kind = adapter_->shown_kind;
    backend.meta = object.meta;
    index_->remove(backend);
  } else if (adapter_->leads.empty()) {
    Workload workload;
    workload.kind = adapter_->shown_kind;
    workload.meta = object.meta;
    index_->remove(workload);
  } else {
    Entrance entrance;
    entrance.kind = adapter_->shown_kind;
    entrance.meta = object.meta;
    index_->remove(entrance);
  }
}

}  // namespace berth::cluster
