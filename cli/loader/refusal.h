// Refusal: a text that is not read, and where. Thread-safety: values.
#pragma once

#include <string>

#include "cli/loader/node.h"

namespace berth::cli {

struct Refusal {
  Mark mark = {};
  std::string message = {};
  bool syntax = false;  // the text is not YAML (JSON) at all, rather than YAML (JSON) that we refuse

  bool operator==(const Refusal&) const = default;
};

}  // namespace berth::cli
