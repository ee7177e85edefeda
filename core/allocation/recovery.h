// Recovery: takes back, for an allocation that shows numbers (status, its Services), exactly those that the
// ledger does not know of any more.
//
// Goes before every choice of a new number, for the whole batch. Of two that show one number the older keeps
// it and nothing is moved; the younger is told why. Thread-safety: none, as the booking it works on.
#pragma once

#include "core/allocation/booking.h"

namespace berth::allocation {

// Requires: the works of a batch in the order of service. Afterwards `work.holdings.wanting` names only ports
// that nothing was taken back for; `work.recovered` the others; `work.conflict` the first number that belongs
// to somebody else by now.
void recover(Work& work, Booking& booking);

}  // namespace berth::allocation
