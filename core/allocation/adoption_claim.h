// Adoption's part of a batch of claims: the numbers that Services bring with them are held first of all.
//
// As recovery does, it takes exactly the numbers that are in use, also outside the range and reserved ones:
// nothing is handed out that was free. What a namespace may hold binds here too. Thread-safety: none, as the
// booking it works on.
#pragma once

#include "core/allocation/adoption.h"
#include "core/allocation/booking.h"

namespace berth::allocation {

// A request as it reads while its allocation adopts (adopting() in adoption.h). Not to be copied or moved:
// `request` refers to `allocation`.
struct AdoptingRequest {
  AdoptingRequest(const Request& asked, const ClaimView& view);
  AdoptingRequest(const AdoptingRequest&) = delete;
  AdoptingRequest& operator=(const AdoptingRequest&) = delete;

  Adoption adoption = {};
  PortAllocation allocation;
  Request request;
};

// Claims the numbers of the adoption, all of them or none; afterwards `work.conflict` says why not.
void adopt(const Adoption& adoption, Work& work, Booking& booking);

}  // namespace berth::allocation
