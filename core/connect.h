// The question beside admission.h: may the API server connect somebody there?
//
// Asked only of namespaces that want it (docs/reference/connect.md). judge() is pure. Thread-safety: pure
// function over values; `Facts` must not change during the call.
#pragma once

#include "core/base/instant.h"
#include "core/exposure/connection.h"
#include "core/exposure/facts.h"
#include "core/exposure/verdict.h"

namespace berth {

// Denied is what reaches a number that a policy in force for the namespace calls internal; exceptions hold by
// whichever way they are. What it reaches may not be known: then `unknown` of the policy decides.
exposure::Verdict judge(const exposure::Connection& connection, const exposure::Facts& facts, Instant now);

}  // namespace berth
