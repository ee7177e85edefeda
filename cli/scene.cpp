#include "cli/scene.h"

#include <utility>
#include <variant>

#include "core/base/api_names.h"
#include "core/base/overloaded.h"

namespace berth::cli {
namespace {

template <class T>
constexpr bool kIsJudged = std::is_constructible_v<Judged, const T&>;

bool is_policy(const Object& object) { return std::holds_alternative<ExposurePolicy>(object.model); }

// The API server sets its name as a label on every namespace.
std::shared_ptr<const Namespace> as_stored(const Namespace& ns) {
  auto stored = std::make_shared<Namespace>(ns);
  stored->meta.labels[kNamespaceNameLabel] = ns.meta.name;
  return stored;
}

// The object stays where it is, and must outlive the picture.
void lay_object(const Object& object, cluster::Picture& picture) {
  std::visit(Overloaded{
                 [](const PortRange&) {},  // read before all others, see gather_ranges()
                 [&](const Namespace& ns) { picture.index.put(as_stored(ns)); },
                 [&](const auto& model) {
                   using Kind = std::remove_reference_t<decltype(model)>;
                   picture.index.put(std::shared_ptr<Kind>(std::shared_ptr<void>(), &model));
                 },
             },
             object.model);
}

std::shared_ptr<const Judged> copy_of(const exposure::Subject& subject) {
  return std::visit([](const auto* model) { return std::make_shared<const Judged>(*model); }, subject);
}

}  // namespace

std::optional<Judged> judged_model(const Object& object) {
  return std::visit(
      [](const auto& model) -> std::optional<Judged> {
        if constexpr (kIsJudged<std::decay_t<decltype(model)>>) {
          return model;
        } else {
          return std::nullopt;
        }
      },
      object.model);
}

exposure::Subject subject_of(const Judged& judged) {
  return std::visit([](const auto& model) -> exposure::Subject { return &model; }, judged);
}

void lay(const Loaded& loaded, cluster::Picture& picture) {
  for (const Object& object : loaded.objects) lay_object(object, picture);
}

Scene::Scene(Inputs inputs, Problems& problems) : inputs_(std::move(inputs)), problems_(problems) {
  if (inputs_.cluster) picture_ = std::exchange(*inputs_.cluster, {});
  tell_apart_what_has_no_name();
  check_duplicates();
  gather_policies();
  gather_ranges();
  if (problems_.errors.empty() && picture_.index.policies().empty() &&
      picture_.books.ranges().usable().empty()) {
    problems_.errors.push_back({"berth",
                                {},
                                "no ExposurePolicy was given, so nothing can be judged; name one with "
                                "--policy PATH, or a cluster with --context"});
  }
  if (!problems_.errors.empty()) return;
  lay_all_but_policies(inputs_.against);
  for (const Object& object : judged()) remember(object);
  lay_all_but_policies(inputs_.with);
  lay_all_but_policies(inputs_.against);  // wins over --with
  for (Object& object : inputs_.judged.objects) {
    const std::optional<Judged> model = judged_model(object);
    const auto there = model ? picture_.index.same_as(subject_of(*model)) : std::nullopt;
    if (there) in_place_.emplace(&object, copy_of(*there));
    drop_what_the_cluster_sets(object);
  }
  lay_all_but_policies(inputs_.judged);
}

const Judged* Scene::old_of(const Object& object) const {
  const auto old = old_.find(&object);
  return old == old_.end() ? nullptr : &old->second;
}

void Scene::put(const Object& object) { lay_object(object, picture_); }

void Scene::put_back(const Object& object) {
  const std::optional<Judged> model = judged_model(object);
  if (!model) return;
  std::visit([&](const auto& one) { picture_.index.remove(one); }, *model);
  const auto before = in_place_.find(&object);
  if (before == in_place_.end()) return;
  std::visit(
      [&](const auto& one) {
        using Kind = std::remove_reference_t<decltype(one)>;
        picture_.index.put(std::shared_ptr<Kind>(before->second, &one));
      },
      *before->second);
}

void Scene::lay_all_but_policies(const Loaded& loaded) {
  for (const Object& object : loaded.objects) {
    if (!is_policy(object)) lay_object(object, picture_);
  }
}

void Scene::remember(const Object& object) {
  const std::optional<Judged> model = judged_model(object);
  const auto there = model ? picture_.index.same_as(subject_of(*model)) : std::nullopt;
  if (there) old_.emplace(&object, *copy_of(*there));
}

// A Pod that is to be made stands beside others of its kind, as many as there are.
void Scene::tell_apart_what_has_no_name() {
  std::size_t number = 0;
  for (Loaded* loaded : {&inputs_.with, &inputs_.against, &inputs_.judged}) {
    for (Object& object : loaded->objects) {
      std::visit(
          [&](auto& model) {
            if (model.meta.name.empty()) model.meta.uid = {std::to_string(++number)};
          },
          object.model);
    }
  }
}

// The API server takes none of it from a manifest: with it, an object could pass for one that is on its way
// out, or claim addresses.
void Scene::drop_what_the_cluster_sets(Object& object) const {
  std::visit([](auto& model) { model.meta.deletion_timestamp.clear(); }, object.model);
  if (auto* workload = std::get_if<Workload>(&object.model)) {
    workload->phase.clear();
    workload->addresses.clear();
  }
  if (auto* service = std::get_if<Service>(&object.model)) {
    const Judged* old = old_of(object);
    const auto* present = old == nullptr ? nullptr : std::get_if<Service>(old);
    service->load_balancer_status =
        present == nullptr ? std::vector<LoadBalancerIngress>() : present->load_balancer_status;
  }
}

void Scene::check_duplicates() {
  std::map<std::string, const Object*> seen;
  for (const Object& object : judged()) {
    if (object.identity().empty()) continue;
    const auto [first, fresh] = seen.emplace(object.identity(), &object);
    if (fresh) continue;
    problems_.error(object.file, object.mark,
                    object.name() + " stands twice, first in " + first->second->file + ":" +
                        std::to_string(first->second->mark.line) +
                        "; one would overwrite the other, so lint clusters and overlays one at a time");
  }
}

// --policy wins over PATH, PATH over --against, --against over --with, and all of them over the cluster.
void Scene::gather_policies() {
  for (const Loaded* loaded : {&inputs_.with, &inputs_.against, &inputs_.judged}) {
    for (const Object& object : loaded->objects) {
      if (is_policy(object)) policies_.insert_or_assign(object.identity(), &object);
    }
  }
  for (const Object& object : inputs_.policies.objects) {
    if (!is_policy(object)) continue;
    const auto present = policies_.find(object.identity());
    if (present != policies_.end() && !(present->second->model == object.model)) {
      problems_.warning(present->second->file, present->second->mark,
                        object.name() + " is set aside for the one in " + object.file);
    }
    policies_.insert_or_assign(object.identity(), &object);
  }
  for (const auto& [identity, policy] : policies_) lay_object(*policy, picture_);
}

// As for policies. Who holds which number no file tells, so that an allocation has what it asks for.
void Scene::gather_ranges() {
  for (const Loaded* loaded : {&inputs_.with, &inputs_.against, &inputs_.judged, &inputs_.policies}) {
    for (const Object& object : loaded->objects) {
      const auto* range = std::get_if<PortRange>(&object.model);
      if (range == nullptr) continue;
      const auto compiled = allocation::compile(*range);
      if (!compiled.ok()) {
        problems_.error(object.file, object.mark,
                        object.name() + " cannot be used: " + compiled.error().message);
      }
      picture_.books.put(std::make_shared<const PortRange>(*range));
    }
  }
}

}  // namespace berth::cli
