// Codec: model structs <-> JSON text, from one description per kind.
//
// Reading is strict about what it reads (types, ranges, duplicate keys, depth, size; an error carries the
// field path, e.g. "spec.ports[2].nodePort") and silent about fields the model does not have. Nothing is
// truncated. Writing leaves out empty fields, so that a written object carries only what Berth means to own.
// T is any kind of core/model: PortRange, PortAllocation, ExposurePolicy, PortLedger, Service, Ingress,
// Namespace, Workload, NetworkPolicy, Gateway, Route, ReferenceGrant, EndpointSlice, CustomObject, Lease,
// Event, Secret, ConfigMap, ValidatingWebhookConfiguration, ValidatingAdmissionPolicy and its binding, Report
// (explicitly instantiated). Thread-safety: free functions without state.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "kube/json/part.h"
#include "kube/json/reading_memory.h"

namespace berth::json {

// Limits on any document from outside.
inline constexpr std::size_t kMaxDocumentBytes = 64U << 20U;
inline constexpr int kMaxDepth = 128;

template <class T>
Result<T> decode(std::string_view text);
// Requires: not empty.
template <class T>
Result<T> decode(const Part& part);

// apiVersion and kind are written from the description (Workload, Gateway, Route, ReferenceGrant,
// EndpointSlice, CustomObject: from their own fields).
template <class T>
std::string encode(const T& object);

// Only apiVersion, kind, metadata {name, namespace, uid, resourceVersion} and status: the body of a status
// PUT or merge patch. The status of our kinds is written whole, empty fields too, so that a patch clears old
// ones. Kinds with a status subresource: ours but PortLedger, and Service, Namespace, Workload.
template <class T>
std::string encode_status(const T& object);

template <class T>
struct List {
  std::vector<T> items = {};
  std::string resource_version = {};
  std::string continue_token = {};
};

// For the pages of one list, read one after another in the same memory: a page is long, and memory that is
// new to the process costs as much as reading what it is for. Thread-safety: one thread at a time.
class PageReader {
 public:
  // `more` learns of each page where the next begins ("" = it is the last), before its items are read.
  explicit PageReader(std::function<void(const std::string& continue_token)> more) : more_(std::move(more)) {}

  [[nodiscard]] ReadingMemory& memory() { return memory_; }
  void found(const std::string& continue_token) const { more_(continue_token); }

 private:
  ReadingMemory memory_;
  std::function<void(const std::string&)> more_;
};

// A <Kind>List answer; `items` may come before or after `metadata` (custom resources put them first).
// A Workload, Gateway or Route in a list has neither kind nor apiVersion: they are taken from `item_kind` and
// `item_api_version`.
template <class T>
Result<List<T>> decode_list(std::string_view text, std::string_view item_api_version,
                            std::string_view item_kind, PageReader* reader = nullptr);

}  // namespace berth::json
