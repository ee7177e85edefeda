// The question beside admission.h: may the labels of a namespace change so?
//
// Labels of namespaces decide which listeners take the routes of a namespace, which cluster-wide policies are
// about its pods, which policies let in its sets of networks, and which ExposurePolicies are in force there
// (exposure.md rows 58 and 60). judge() is pure.
// Thread-safety: pure function over values; `Facts` must not change during the call.
#pragma once

#include <string>

#include "core/base/instant.h"
#include "core/exposure/facts.h"
#include "core/exposure/verdict.h"

namespace berth {

// Both with the label that every namespace has, kubernetes.io/metadata.name.
struct Relabelling {
  std::string ns = {};
  Labels before = {};
  Labels after = {};
};

// Ways that were not open before are judged by the policies that are in force after. That the namespace
// leaves an ExposurePolicy opens nothing by itself, and whoever may write labels of namespaces may do it: a
// warning.
exposure::Verdict judge(const Relabelling& change, const exposure::Facts& facts, Instant now);

}  // namespace berth
