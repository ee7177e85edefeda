#include "kube/json/heading.h"

#include "kube/json/describe.h"
#include "kube/json/reader.h"

namespace berth::json {

Result<Heading> decode_heading(std::string_view text) {
  Heading heading;
  TRY_DONE(read_document(text, [&](Archive& archive) {
    member(archive, "apiVersion", heading.api_version);
    member(archive, "kind", heading.kind);
    member(archive, "metadata", heading.meta);
  }));
  return heading;
}

Result<std::vector<std::string>> decode_items(std::string_view text) {
  std::vector<std::string> items;
  TRY_DONE(read_document(text, [&](Archive& archive) {
    if (!archive.enter("items", false)) return;
    if (archive.begin_list(0)) {
      while (archive.next_element()) archive.raw(items.emplace_back());
      archive.end_list();
    }
    archive.leave();
  }));
  return items;
}

}  // namespace berth::json
