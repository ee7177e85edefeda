// Objects of kinds that only an adapter knows.
#include "kube/json/describe.h"

namespace berth::json {

void describe(Archive& archive, CustomObject& object) {
  member(archive, "metadata", object.meta, Write::kAlways);
  raw_member(archive, "spec", object.spec);
  raw_member(archive, "specs", object.specs);
  raw_member(archive, "webhooks", object.webhooks);
}

}  // namespace berth::json
