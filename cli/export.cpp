#include "cli/export.h"

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

}  // namespace

std::string export_admission_policies(const std::vector<ExposurePolicy>& policies,
                                      const ExportCommand& command, Instant now) {
  const wall::WallOptions options{command.excluded_namespaces, command.operator_user,
                                  command.as_static ? wall::Keeper::kApiServer : wall::Keeper::kUser};
  std::vector<std::string> objects;
  for (const ExposurePolicy& policy : policies) {
    const wall::Wall made = wall::make_wall(policy, options, now);
    for (std::size_t i = 0; i < made.policies.size(); ++i) {
      objects.push_back(json::encode(made.policies[i]));
      objects.push_back(json::encode(made.bindings[i]));
    }
  }
  return command.format == Format::kJson ? as_json(objects) : as_yaml(objects);
}

}  // namespace berth::cli
