// Paths -> the bytes of the files they mean. The only place of the loader that touches the file system.
//
// Thread-safety: none needed, called once per run.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/loader/problem.h"

namespace berth::cli {

struct Source {
  std::string name = {};  // as messages call it; "-" is the standard input
  std::string bytes = {};
};

// A file is taken whatever its name; a directory gives every *.yaml, *.yml and *.json beneath it, sorted
// (".git" is left out, links to directories are not followed, as in kubectl). A file meant by several paths
// is read once. An error for what cannot be read, and for a directory without manifests.
std::vector<Source> read_sources(const std::vector<std::string>& paths, std::istream& in, Problems& problems);

}  // namespace berth::cli
