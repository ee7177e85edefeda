#include "kube/json/codec.h"

#include "core/base/api_names.h"
#include "kube/json/describe.h"
#include "kube/json/reader.h"
#include "kube/json/write_archive.h"
#include "kube/json/writer.h"

namespace berth::json {
namespace {

// apiVersion and kind of each struct that is one kind.
template <class T>
struct Described;

#define BERTH_DESCRIBED(type, version)                      \
  template <>                                               \
  struct Described<type> {                                  \
    static constexpr std::string_view kVersion = (version); \
    static constexpr std::string_view kKind = #type;        \
  }
BERTH_DESCRIBED(PortRange, kApiVersion);
BERTH_DESCRIBED(PortAllocation, kApiVersion);
BERTH_DESCRIBED(ExposurePolicy, kApiVersion);
BERTH_DESCRIBED(PortLedger, kApiVersion);
BERTH_DESCRIBED(Service, "v1");
BERTH_DESCRIBED(Namespace, "v1");
BERTH_DESCRIBED(Secret, "v1");
BERTH_DESCRIBED(ConfigMap, "v1");
BERTH_DESCRIBED(Ingress, "networking.k8s.io/v1");
BERTH_DESCRIBED(NetworkPolicy, "networking.k8s.io/v1");
BERTH_DESCRIBED(Lease, "coordination.k8s.io/v1");
BERTH_DESCRIBED(Event, "events.k8s.io/v1");
BERTH_DESCRIBED(ValidatingWebhookConfiguration, "admissionregistration.k8s.io/v1");
BERTH_DESCRIBED(ValidatingAdmissionPolicy, "admissionregistration.k8s.io/v1");
BERTH_DESCRIBED(ValidatingAdmissionPolicyBinding, "admissionregistration.k8s.io/v1");
BERTH_DESCRIBED(Report, "openreports.io/v1alpha1");
#undef BERTH_DESCRIBED

// Absent is right: items of a list do not repeat what they are.
void expect(Archive& archive, std::string_view name, std::string_view expected) {
  std::string found;
  if (!archive.enter(name, true)) return;
  archive.text(found);
  if (found != expected) archive.fail("'" + found + "' stands here, expected " + std::string(expected));
  archive.leave();
}

template <class T>
void type_meta(Archive& archive, T& /*object*/) {
  if (archive.reading()) {
    expect(archive, "apiVersion", Described<T>::kVersion);
    expect(archive, "kind", Described<T>::kKind);
    return;
  }
  std::string version(Described<T>::kVersion);
  std::string kind(Described<T>::kKind);
  member(archive, "apiVersion", version);
  member(archive, "kind", kind);
}

template <SaysItsKind T>
void type_meta(Archive& archive, T& object) {
  member(archive, "apiVersion", object.api_version);
  member(archive, "kind", object.kind);
}

template <class T>
void describe_typed(Archive& archive, T& object) {
  type_meta(archive, object);
  describe(archive, object);
}

template <class T>
void preset_type(T& item, std::string_view version, std::string_view kind) {
  if constexpr (SaysItsKind<T>) {
    item.api_version = version;
    item.kind = kind;
  }
}

// Writing takes a const object through describe(), which changes nothing.
template <class T>
T& mutable_for_writing(const T& object) {
  return const_cast<T&>(object);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace

template <class T>
Result<T> decode(std::string_view text) {
  T object;
  TRY_DONE(read_document(text, [&](Archive& archive) { describe_typed(archive, object); }));
  return object;
}

template <class T>
Result<T> decode(const Part& part) {
  T object;
  TRY_DONE(part.read([&](Archive& archive) { describe_typed(archive, object); }));
  return object;
}

template <class T>
std::string encode(const T& object) {
  Writer writer;
  WriteArchive archive(writer);
  writer.begin_object();
  type_meta(archive, mutable_for_writing(object));
  describe(archive, mutable_for_writing(object));
  writer.end_object();
  return writer.take();
}

template <class T>
std::string encode_status(const T& object) {
  Writer writer;
  WriteArchive archive(writer);
  writer.begin_object();
  type_meta(archive, mutable_for_writing(object));
  Meta meta;
  meta.name = object.meta.name;
  meta.ns = object.meta.ns;
  meta.uid = object.meta.uid;
  meta.resource_version = object.meta.resource_version;
  member(archive, "metadata", meta, Write::kAlways);
  group(archive, "status", true, [&] { describe_status(archive, mutable_for_writing(object)); });
  writer.end_object();
  return writer.take();
}

template <class T>
Result<List<T>> decode_list(std::string_view text, std::string_view item_api_version,
                            std::string_view item_kind, PageReader* reader) {
  List<T> list;
  const auto read = [&](Archive& archive) {
    expect(archive, "kind", std::string(item_kind) + "List");
    group(archive, "metadata", true, [&] {
      member(archive, "resourceVersion", list.resource_version);
      member(archive, "continue", list.continue_token);
    });
    if (reader != nullptr) reader->found(list.continue_token);
    group_list(archive, "items", list.items, [&](T& item) {
      preset_type(item, item_api_version, item_kind);
      type_meta(archive, item);
      describe(archive, item);
    });
  };
  TRY_DONE(reader != nullptr ? read_document(text, read, reader->memory()) : read_document(text, read));
  return list;
}

// A type cannot stand in parentheses here. NOLINTBEGIN(bugprone-macro-parentheses)
#define BERTH_CODEC(type)                                                                             \
  template Result<type> decode<type>(std::string_view);                                               \
  template Result<type> decode<type>(const Part&);                                                    \
  template std::string encode<type>(const type&);                                                     \
  template Result<List<type>> decode_list<type>(std::string_view, std::string_view, std::string_view, \
                                                PageReader*)
// NOLINTEND(bugprone-macro-parentheses)
BERTH_CODEC(PortRange);
BERTH_CODEC(PortAllocation);
BERTH_CODEC(ExposurePolicy);
BERTH_CODEC(PortLedger);
BERTH_CODEC(Service);
BERTH_CODEC(Ingress);
BERTH_CODEC(Namespace);
BERTH_CODEC(Workload);
BERTH_CODEC(NetworkPolicy);
BERTH_CODEC(Gateway);
BERTH_CODEC(Route);
BERTH_CODEC(ReferenceGrant);
BERTH_CODEC(EndpointSlice);
BERTH_CODEC(CustomObject);
BERTH_CODEC(Lease);
BERTH_CODEC(Event);
BERTH_CODEC(Secret);
BERTH_CODEC(ConfigMap);
BERTH_CODEC(ValidatingWebhookConfiguration);
BERTH_CODEC(ValidatingAdmissionPolicy);
BERTH_CODEC(ValidatingAdmissionPolicyBinding);
BERTH_CODEC(Report);
#undef BERTH_CODEC

template std::string encode_status<PortRange>(const PortRange&);
template std::string encode_status<PortAllocation>(const PortAllocation&);
template std::string encode_status<ExposurePolicy>(const ExposurePolicy&);
template std::string encode_status<Service>(const Service&);
template std::string encode_status<Namespace>(const Namespace&);
template std::string encode_status<Workload>(const Workload&);

}  // namespace berth::json
