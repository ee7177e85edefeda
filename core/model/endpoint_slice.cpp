#include "core/model/endpoint_slice.h"

#include "core/base/api_names.h"

namespace berth {
namespace {

const std::string& label(const EndpointSlice& slice, const char* name) {
  static const std::string none;
  const auto found = slice.meta.labels.find(name);
  return found == slice.meta.labels.end() ? none : found->second;
}

}  // namespace

const std::string& service_of(const EndpointSlice& slice) {
  return slice.kind == "Endpoints" ? slice.meta.name : label(slice, kServiceNameLabel);
}

bool is_kept_by_cluster(const EndpointSlice& slice) {
  return !slice.by_hand && label(slice, kEndpointSliceManagerLabel) == kEndpointSliceController;
}

void keep_only_endpoints(EndpointSlice& slice) {
  std::erase_if(slice.meta.labels, [](const auto& label) {
    return label.first != kServiceNameLabel && label.first != kEndpointSliceManagerLabel;
  });
  slice.meta.annotations.clear();
  slice.meta.owner_references.clear();
}

}  // namespace berth
