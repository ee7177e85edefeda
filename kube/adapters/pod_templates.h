// Several pod templates of one object, taken for one whose pods do what all of them do.
//
// So that an object is one workload. Where two templates give a label different values the first counts: the
// pods themselves are judged besides. Thread-safety: pure function over its arguments.
#pragma once

#include "core/model/workload.h"

namespace berth::adapters {

// Adds what the pods of `more` are and do to `all`.
void join_templates(Workload& all, Workload more);

}  // namespace berth::adapters
