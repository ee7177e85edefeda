// Inputs of lint, explain and what-if: paths and a cluster -> loaded objects.
//
// Everything is read whatever is wrong with some of it, so that all problems are told at once. Thread-safety:
// none needed, called once per run.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/loader/documents.h"
#include "cli/loader/problem.h"
#include "cli/scene.h"
#include "cluster/picture.h"
#include "core/base/result.h"
#include "kube/adapters/table.h"

namespace berth::cli {

struct LiveCluster {
  cluster::Picture picture;
  std::string ns = {};  // of the context
};
using LookAtCluster = std::function<Result<LiveCluster>(const ClusterChoice&, const adapters::Table&)>;

// The documents of every file, whatever the others are like.
std::vector<Document> read_all(const std::vector<std::string>& paths, std::istream& in, Problems& problems);

// Berth's own adapters, and those of the file.
adapters::Table read_adapters(const std::string& file, std::istream& in, Problems& problems);

struct ReadInputs {
  Inputs inputs = {};
  std::string ns = {};  // of objects that name none
};

// `judged`: which of InputPaths::paths are files to judge. `table` is that of InputPaths::adapters. What is
// read is complete only if `problems` got no error.
ReadInputs read_inputs(const InputPaths& paths, const std::vector<std::string>& judged,
                       const adapters::Table& table, std::istream& in, const LookAtCluster& look,
                       Problems& problems);

}  // namespace berth::cli
