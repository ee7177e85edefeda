// Manifests as the command line reads them: documents, nodes, objects.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/loader/documents.h"
#include "cli/loader/node_json.h"
#include "cli/loader/objects.h"
#include "cli/loader/problem.h"
#include "fuzz/must.h"
#include "kube/json/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::cli;  // NOLINT(google-build-using-namespace): only here
  Problems problems;
  auto documents = read_documents({reinterpret_cast<const char*>(data), size}, "fuzz.yaml", problems);
  for (const Document& document : documents) MUST(berth::json::parse_tree(to_json(document.root)).ok());
  const Loaded loaded = load_objects(std::move(documents), "default", problems);
  for (const Object& object : loaded.objects) MUST(!object.kind.empty() && !object.name().empty());
  for (const Problem& problem : problems.errors) MUST(!problem.message.empty());
  return 0;
}
