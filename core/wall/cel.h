// Text of CEL, the expression language of admission policies.
//
// Source: the CEL language definition (string literals) and the Kubernetes page "Common Expression Language".
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::wall {

// A string literal in double quotes that means exactly `text`, whatever stands in it.
std::string cel_string(std::string_view text);

// `text` with `values` in the place of every $NAME in it. What is put in is not looked at again, so it may
// hold any text. Aborts for a name that is not among them.
std::string cel_text(std::string_view text, const std::map<std::string_view, std::string>& values);

// '["a", "b"]'.
std::string cel_strings(const std::vector<std::string>& texts);

// 'data/web' of the object that the CEL expression `object` is.
std::string cel_object_name(const std::string& object);

}  // namespace berth::wall
