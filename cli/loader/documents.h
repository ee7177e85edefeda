// The bytes of one file -> its documents, split exactly where kubectl splits them.
//
// kubectl cuts at lines that start with "---" before any YAML is parsed, reads a file that starts with '{' as
// JSON first, and knows YAML 1.1 only (apimachinery util/yaml). What it would read otherwise than it looks
// (text after "...", line breaks of YAML 1.1 such as U+2028) is refused here. Thread-safety: free function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/loader/node.h"
#include "cli/loader/problem.h"

namespace berth::cli {

struct Document {
  std::string file = {};
  Node root = {};
};

// Every document of the file that is not empty. Each problem is added to `problems`; the documents are
// complete only if there was none.
std::vector<Document> read_documents(std::string_view bytes, const std::string& file, Problems& problems);

}  // namespace berth::cli
