#include "cli/inputs.h"

#include <algorithm>
#include <istream>
#include <iterator>
#include <utility>
#include <variant>

#include "cli/loader/sources.h"
#include "core/base/api_names.h"

namespace berth::cli {
namespace {

void check_policies(const std::vector<std::string>& paths, const Loaded& policies, Problems& problems) {
  if (paths.empty() || !problems.errors.empty()) return;
  const bool any = std::any_of(policies.objects.begin(), policies.objects.end(), [](const Object& object) {
    return std::holds_alternative<ExposurePolicy>(object.model);
  });
  if (!any) {
    problems.error(paths.front(), {},
                   "--policy holds no ExposurePolicy (apiVersion " + std::string(kApiVersion) + ")");
  }
}

}  // namespace

std::vector<Document> read_all(const std::vector<std::string>& paths, std::istream& in, Problems& problems) {
  std::vector<Document> documents;
  for (const Source& source : read_sources(paths, in, problems)) {
    std::vector<Document> more = read_documents(source.bytes, source.name, problems);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  return documents;
}

adapters::Table read_adapters(const std::string& file, std::istream& in, Problems& problems) {
  adapters::Table table = adapters::builtin();
  if (file.empty()) return table;
  for (const Source& source : read_sources({file}, in, problems)) {
    auto more = adapters::Table::parse(source.bytes);
    if (more.ok()) {
      table = table.joined(*more);
    } else {
      const std::string& field = more.error().field;
      problems.error(source.name, {}, (field.empty() ? "" : field + ": ") + more.error().message);
    }
  }
  return table;
}

ReadInputs read_inputs(const InputPaths& paths, const std::vector<std::string>& judged,
                       const adapters::Table& table, std::istream& in, const LookAtCluster& look,
                       Problems& problems) {
  ReadInputs read{.ns = paths.ns};
  if (paths.cluster.wanted && problems.errors.empty()) {
    auto live = look(paths.cluster, table);
    if (live.ok()) {
      read.inputs.cluster = std::move(live->picture);
      if (read.ns.empty()) read.ns = live->ns;
    } else {
      problems.errors.push_back({"berth", {}, live.error().message});
    }
  }
  if (read.ns.empty()) read.ns = "default";
  const auto load = [&](const std::vector<std::string>& files) {
    return load_objects(read_all(files, in, problems), read.ns, problems, table);
  };
  read.inputs.judged = load(judged);
  const Loaded& loaded = read.inputs.judged;
  if (!judged.empty() && loaded.objects.empty() && loaded.other_kinds == 0 && problems.errors.empty()) {
    problems.error(judged.front(), {}, "holds no objects, so there is nothing to judge");
  }
  read.inputs.policies = load(paths.policies);
  check_policies(paths.policies, read.inputs.policies, problems);
  read.inputs.with = load(paths.with);
  read.inputs.against = load(paths.against);
  return read;
}

}  // namespace berth::cli
