// Scalars of YAML 1.1 as kubectl and the API server read them.
//
// Not the YAML 1.2 of the specification: `012470` is octal, `5_432` and `5432.0` are 5432, plain `y` is true.
// Source: measured on the API server (control-plane.md 4, row 65 of exposure.md) and against the Go library
// that both use, sigs.k8s.io/yaml 1.6. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "cli/loader/node.h"

namespace berth::cli {

// A number as the Go library reads it (`text` is a plain scalar, or JSON's). Whole numbers of int64 become
// integers whatever their spelling; larger ones stay doubles. nullopt: not a number.
std::optional<decltype(Node::value)> number(std::string_view text);

// true and false in all 22 spellings of YAML 1.1.
std::optional<bool> boolean(std::string_view text);

bool is_null(std::string_view text);

// .inf, -.inf, .nan and their kind: numbers for YAML that JSON cannot carry, so that kubectl fails on them.
bool is_not_finite(std::string_view text);

// What a plain (unquoted, untagged) scalar is. Requires: !is_not_finite(text).
decltype(Node::value) resolve_plain(std::string_view text);

}  // namespace berth::cli
