#include "cli/export.h"

#include <algorithm>
#include <map>
#include <variant>

#include "cli/yaml_output.h"
#include "core/wall/wall.h"
#include "kube/json/codec.h"
#include "kube/json/writer.h"

namespace berth::cli {
namespace {

std::string as_yaml(const std::vector<std::string>& objects) {
  std::string text;
  for (const std::string& object : objects) {
    text += (text.empty() ? "" : "---\n") + yaml_of_json(object);
  }
  return text;
}

std::string as_json(const std::vector<std::string>& objects) {
  json::Writer writer;
  writer.begin_object().member("apiVersion", "v1").member("kind", "List").key("items").begin_list();
  for (const std::string& object : objects) writer.raw(object);
  writer.end_list().end_object();
  return writer.take() + "\n";
}

constexpr std::size_t kLongestName = 253;  // of an object of Kubernetes

void check_name(const Object& object, const wall::Wall& made, Problems& problems) {
  const std::string& name = meta_of(object.model).name;
  if (name.empty()) {
    problems.error(object.file, object.mark,
                   "the ExposurePolicy has no metadata.name, after which to name others; write one");
  }
  std::size_t longest = 0;
  for (const ValidatingAdmissionPolicy& each : made.policies)
    longest = std::max(longest, each.meta.name.size());
  if (longest <= kLongestName) return;
  problems.error(object.file, object.mark,
                 "metadata.name " + quoted(name) +
                     " is too long for the names that are made of it; write at most " +
                     std::to_string(name.size() - (longest - kLongestName)) + " characters");
}

}  // namespace

std::string export_admission_policies(const std::vector<Object>& objects, const ExportCommand& command,
                                      Instant now, Problems& problems) {
  const wall::WallOptions options{command.excluded_namespaces, command.operator_user,
                                  command.as_static ? wall::Keeper::kApiServer : wall::Keeper::kUser};
  std::vector<std::string> printed;
  std::map<std::string, const Object*> seen;
  for (const Object& object : objects) {
    const auto* policy = std::get_if<ExposurePolicy>(&object.model);
    if (policy == nullptr) continue;
    const wall::Wall made = wall::make_wall(*policy, options, now);
    check_name(object, made, problems);
    const auto [first, fresh] = seen.emplace(policy->meta.name, &object);
    if (!fresh && !object.identity().empty()) {
      problems.error(object.file, object.mark,
                     object.name() + " stands twice, first in " + first->second->file + ":" +
                         std::to_string(first->second->mark.line) +
                         "; one would overwrite the other, so export clusters and overlays one at a time");
    }
    for (std::size_t i = 0; i < made.policies.size(); ++i) {
      printed.push_back(json::encode(made.policies[i]));
      printed.push_back(json::encode(made.bindings[i]));
    }
  }
  return command.format == Format::kJson ? as_json(printed) : as_yaml(printed);
}

}  // namespace berth::cli
