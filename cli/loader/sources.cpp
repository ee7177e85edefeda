#include "cli/loader/sources.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <set>
#include <system_error>

#include "cli/loader/limits.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

bool is_manifest(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

class Reader {
 public:
  Reader(std::istream& in, Problems& problems) : in_(in), problems_(problems) {}

  void read(const std::string& path) {
    if (path == "-") return read_stream("-", in_);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
      const std::string why = error && error != std::errc::no_such_file_or_directory
                                  ? error.message()
                                  : "no such file or directory";
      return problems_.error(path, {}, why);
    }
    if (fs::is_directory(status)) {
      read_directory(path);
    } else {
      read_file(path);
    }
  }

  std::vector<Source> take() { return std::move(sources_); }

 private:
  void read_directory(const std::string& path) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator entries(path, error);
    for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
      if (entries->path().filename() == ".git") {
        entries.disable_recursion_pending();
        continue;
      }
      std::error_code ignored;
      if (is_manifest(entries->path()) && !entries->is_directory(ignored))
        files.push_back(entries->path().string());
    }
    if (error) return problems_.error(path, {}, "cannot read the directory: " + error.message());
    if (files.empty()) return problems_.error(path, {}, "the directory holds no *.yaml, *.yml or *.json");
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) read_file(file);
  }

  void read_file(const std::string& path) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    if (!error && !seen_.insert(canonical.string()).second) return;
    std::ifstream file(path, std::ios::binary);
    if (!file) return problems_.error(path, {}, std::string("cannot open: ") + std::strerror(errno));
    read_stream(path, file);
  }

  void read_stream(const std::string& name, std::istream& stream) {
    std::string bytes;
    std::string block(1U << 16U, '\0');
    while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0) {
      bytes.append(block, 0, static_cast<std::size_t>(stream.gcount()));
      if (bytes.size() > kMaxFileBytes) {
        return problems_.error(name, {},
                               "larger than " + std::to_string(kMaxFileBytes >> 20U) + " MiB; split it");
      }
    }
    if (stream.bad()) return problems_.error(name, {}, "cannot be read to its end");
    sources_.push_back({name, std::move(bytes)});
  }

  std::istream& in_;
  Problems& problems_;
  std::set<std::string> seen_;
  std::vector<Source> sources_;
};

}  // namespace

std::vector<Source> read_sources(const std::vector<std::string>& paths, std::istream& in,
                                 Problems& problems) {
  Reader reader(in, problems);
  for (const std::string& path : paths) reader.read(path);
  return reader.take();
}

}  // namespace berth::cli
