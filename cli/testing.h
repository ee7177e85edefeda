// Files and runs of the berth command for tests: text in, text out.
//
// Only for tests. Thread-safety: none.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/run.h"
#include "core/base/instant.h"

namespace berth::cli::testing {

// A directory of its own that goes with the test; paths in messages begin with "<dir>".
class Files {
 public:
  Files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-cli-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  // The path of the new file; folders on the way are made.
  std::string add(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }

  // `text` with the directory's own name as "<dir>".
  [[nodiscard]] std::string anonymous(std::string text) const {
    const std::string name = directory_.string();
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;)
      text.replace(at, name.size(), "<dir>");
    return text;
  }

 private:
  std::filesystem::path directory_;
};

struct Ran {
  int code = -1;
  std::string out = {};
  std::string err = {};
};

inline constexpr Instant kNow{1'795'000'000'000};  // 2026-11-18

inline Ran berth(std::vector<std::string> args, const std::string& input = "",
                 Setting setting = {kNow, false}) {
  args.insert(args.begin(), "/usr/bin/berth");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.code = run(args, in, out, err, setting);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

// 443 and 8443 may face the outside, PostgreSQL may not.
inline const std::string kPolicy = R"(apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: control-plane}
spec:
  external:
  - {port: 443}
  - {port: 8443}
  internal:
  - {port: 5432, service: PostgreSQL}
---
)";

// data/web, with that spec.
inline std::string service(const std::string& spec, const std::string& name = "web") {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: data}\nspec: " + spec +
         "\n---\n";
}

}  // namespace berth::cli::testing
