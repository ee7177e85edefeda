// Picture: what is known of a cluster: who leads where and what the policies say, and who holds which number.
//
// Plain data, put together by ClusterFacts from watches, by look() from one look, or by the command line from
// files. Thread-safety: none.
#pragma once

#include "core/exposure/fact_index.h"
#include "core/number_books.h"

namespace berth::cluster {

struct Picture {
  exposure::FactIndex index;
  NumberBooks books;
};

}  // namespace berth::cluster
