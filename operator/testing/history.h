// History checks: the promises of the ledger, judged on every revision that the (fake) API server kept.
//
// An oracle of its own: it reads Services, statuses and ledger entries as text and shares no code with core's
// decisions. Thread-safety: pure.
#pragma once

#include <string>
#include <vector>

#include "kube/testing/fake_api_server.h"

namespace berth::controller {

// Breaches of the invariants of allocation.md 5.1, in words; empty when every revision keeps them:
// I1: entries of one number never change owner without resting or freedom between, and no two PortAllocations
//     show one number in status at once.
// I2: the operator never publishes a nodePort that the ledger does not hold for the same owner UID.
// I4: a held entry rests only after its owner's Service ceased to use the number.
// I5: a number in status of one UID and port name never changes, unless it was never published and a foreign
//     Service grabbed it, or a Service that is adopted has another one.
// A Service that the operator takes over keeps its whole spec.
// A ConfigMap that the operator writes tells only numbers that the status of the same UID shows.
// I8: fences never go down.
std::vector<std::string> breaches(const std::vector<testing::Revision>& history);

}  // namespace berth::controller
