#include "operator/wall_keeper.h"

#include <utility>
#include <variant>

#include "core/base/overloaded.h"

namespace berth::controller {
namespace {

using exposure::Enforcement;

template <class T>
struct Addressed;
template <>
struct Addressed<ValidatingAdmissionPolicy> {
  static const wire::Kind& kind() { return wire::kValidatingAdmissionPolicy; }
  static runtime::Store<ValidatingAdmissionPolicy>& store(Stores& stores) {
    return stores.admission_policies;
  }
};
template <>
struct Addressed<ValidatingAdmissionPolicyBinding> {
  static const wire::Kind& kind() { return wire::kValidatingAdmissionPolicyBinding; }
  static runtime::Store<ValidatingAdmissionPolicyBinding>& store(Stores& stores) {
    return stores.admission_bindings;
  }
};

// Of the object that was written, also when another wrote meanwhile: the next look sees that one.
template <class T>
Status kept(Result<T> written, Stores& stores) {
  if (!written.ok()) return written.error();
  Addressed<T>::store(stores).put_written(std::move(*written));
  return ok_status();
}

template <class T>
Status create(const client::Client& client, Stores& stores, const T& object) {
  auto written = client.create(Addressed<T>::kind(), object);
  if (written.ok() || written.error().code != Code::kExists) return kept(std::move(written), stores);
  // The name is ours: somebody has taken our label off.
  auto live = client.get<T>(Addressed<T>::kind(), object.meta.key());
  if (!live.ok()) return live.error();
  return kept(client.replace(Addressed<T>::kind(), wall::in_place_of(*live, object)), stores);
}

template <class T>
Status remove(const client::Client& client, const wall::Remove<T>& wanted) {
  const auto gone = client.remove<T>(Addressed<T>::kind(), {"", wanted.name}, {.uid = wanted.uid});
  if (gone.ok() || gone.error().code == Code::kNotFound) return ok_status();
  return gone.error();
}

constexpr Duration kSoon(500);

// Another look, or another try, would not help.
bool is_final(const Error& error) { return error.code == Code::kInvalid || error.code == Code::kForbidden; }

}  // namespace

KeptWall WallKeeper::keep(const ExposurePolicy& policy) {
  const std::optional<wall::Standing> read = standing_of(policy.meta.name);
  if (!read) return {ok_status(), {Enforcement::State::kRising, "not read yet"}, kSoon};
  const wall::Standing& standing = *read;
  const bool asked = policy.spec.enforce.admission_policy;
  if (!asked && standing.policies.empty() && standing.bindings.empty()) return {};
  const Instant now = clock_->wall();
  const wall::Wall wanted = make_wall(policy, options_, now);
  wall::Work work = work_on(wanted, asked, standing);
  KeptWall result;
  // What was written now is judged by the next look; the watch may have nothing new to tell of it.
  if (!work.actions.empty()) result.look_again = kSoon;
  for (const wall::Action& action : work.actions) {
    result.status = carry_out(action);
    if (result.status.ok()) continue;
    if (asked && is_final(result.status.error())) {
      work.enforcement = {Enforcement::State::kRefused, result.status.error().message};
      // It may be allowed by and by, and nothing tells.
      result.look_again = std::chrono::minutes(1);
      result.status = ok_status();
    }
    break;
  }
  result.enforcement = std::move(work.enforcement);
  if (wanted.changes_at && asked) {
    const Duration wait = *wanted.changes_at - now;
    if (!result.look_again || wait < *result.look_again) result.look_again = wait;
  }
  return result;
}

std::optional<wall::Standing> WallKeeper::standing_of(const std::string& policy) const {
  const auto snapshot = stores_->group.snapshot();
  if (!stores_->admission_policies.ready(snapshot) || !stores_->admission_bindings.ready(snapshot)) return {};
  wall::Standing standing;
  for (const ObjectKey& key : stores_->admission_policies.keys(snapshot)) {
    if (wall::policy_of(key.name) != policy) continue;
    if (auto present = stores_->admission_policies.get(snapshot, key)) standing.policies.push_back(present);
  }
  for (const ObjectKey& key : stores_->admission_bindings.keys(snapshot)) {
    if (wall::policy_of(key.name) != policy) continue;
    if (auto present = stores_->admission_bindings.get(snapshot, key)) standing.bindings.push_back(present);
  }
  return standing;
}

Status WallKeeper::carry_out(const wall::Action& action) {
  return std::visit(
      Overloaded{
          [&]<class T>(const wall::Remove<T>& wanted) { return remove(*client_, wanted); },
          [&]<class T>(const wall::Create<T>& wanted) { return create(*client_, *stores_, wanted.object); },
          [&]<class T>(const wall::Replace<T>& wanted) {
            return kept(client_->replace(Addressed<T>::kind(), wanted.object), *stores_);
          },
      },
      action);
}

}  // namespace berth::controller
