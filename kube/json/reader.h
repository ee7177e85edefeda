// Reading a whole JSON document from outside through an Archive.
//
// The document is validated before anything is read: grammar, UTF-8, size, depth, and no object with the same
// key twice at any depth, described or not. Not for files a person wrote in YAML (cli). Thread-safety: free
// functions without state.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "kube/json/archive.h"
#include "kube/json/reading_memory.h"

namespace berth::json {

// Calls `body` once with the root object current and begun. Errors: Malformed with the path of the first
// offending field; "" when the text as a whole is not a document.
Status read_document(std::string_view text, const std::function<void(Archive&)>& body);
Status read_document(std::string_view text, const std::function<void(Archive&)>& body, ReadingMemory& memory);

// The string at that path, "" when there is none. Duplicate keys elsewhere and later fields of wrong types do
// not matter, a duplicate on the path gives "": for answering somebody whose document was refused.
std::string salvage_text(std::string_view text, std::initializer_list<std::string_view> path);

}  // namespace berth::json
