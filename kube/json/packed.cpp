#include "kube/json/packed.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "kube/json/describe.h"
#include "kube/json/pack_archive.h"

namespace berth::json {
namespace {

// A description may depend on the kind, as that of a Workload does.
template <class T>
void describe_type(Archive& archive, T& object) {
  if constexpr (SaysItsKind<T>) {
    member(archive, "apiVersion", object.api_version);
    member(archive, "kind", object.kind);
  }
}

std::uint32_t size_of(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) std::abort();
  return static_cast<std::uint32_t>(text.size());
}

}  // namespace

template <class T>
std::string pack(const T& object) {
  PackArchive archive;
  T& described =
      const_cast<T&>(object);  // NOLINT(cppcoreguidelines-pro-type-const-cast): packing changes nothing
  describe_type(archive, described);
  describe(archive, described);
  return archive.take();
}

template <class T>
T unpack(std::string_view packed) {
  T object;
  UnpackArchive archive(packed);
  describe_type(archive, object);
  describe(archive, object);
  if (!archive.done()) std::abort();  // the description asks for other members than when it was packed
  return object;
}

Packed::Packed(std::string_view ns, std::string_view name, std::string_view rest) {
  const Sizes sizes{size_of(ns), size_of(name), size_of(rest)};
  const auto bytes = std::make_shared_for_overwrite<char[]>(kHead + ns.size() + name.size() + rest.size());
  char* at = bytes.get();
  std::memcpy(at, &sizes, kHead);
  at = std::copy(ns.begin(), ns.end(), at + kHead);
  at = std::copy(name.begin(), name.end(), at);
  std::copy(rest.begin(), rest.end(), at);
  bytes_ = bytes;
}

Packed::Sizes Packed::sizes_in(const char* bytes) {
  Sizes sizes;
  std::memcpy(&sizes, bytes, kHead);
  return sizes;
}

// A type cannot stand in parentheses here. NOLINTBEGIN(bugprone-macro-parentheses)
#define BERTH_PACKED(type)                      \
  template std::string pack<type>(const type&); \
  template type unpack<type>(std::string_view)
// NOLINTEND(bugprone-macro-parentheses)
BERTH_PACKED(PortRange);
BERTH_PACKED(PortAllocation);
BERTH_PACKED(ExposurePolicy);
BERTH_PACKED(PortLedger);
BERTH_PACKED(Service);
BERTH_PACKED(Ingress);
BERTH_PACKED(Namespace);
BERTH_PACKED(Workload);
BERTH_PACKED(NetworkPolicy);
BERTH_PACKED(Gateway);
BERTH_PACKED(Route);
BERTH_PACKED(ReferenceGrant);
BERTH_PACKED(EndpointSlice);
BERTH_PACKED(CustomObject);
BERTH_PACKED(Report);
BERTH_PACKED(Lease);
BERTH_PACKED(Event);
BERTH_PACKED(Secret);
BERTH_PACKED(ConfigMap);
BERTH_PACKED(ValidatingWebhookConfiguration);
BERTH_PACKED(ValidatingAdmissionPolicy);
BERTH_PACKED(ValidatingAdmissionPolicyBinding);
#undef BERTH_PACKED

}  // namespace berth::json
