// Memory: how a daemon that holds a copy of a cluster keeps the memory of its process close to what it uses.
//
// By default the allocator of glibc gives each thread an arena of its own, and keeps what was freed in them
// for later: after lists of many pages a process would keep several times what its objects need. Elsewhere
// these do nothing (mallopt(3), malloc_trim(3)). Thread-safety: give_back() from any thread, it takes
// milliseconds; the others before the first thread.
#pragma once

namespace berth::daemon {

void few_arenas();
// Pieces from 1 MiB on come from the system and go back to it, always. Otherwise the first one that is freed
// teaches the allocator to take the next from the arenas, and what outlives a page of a list lies scattered
// around the place where it was read. Costs a page fault for each 4 KiB: for who reads large things rarely.
void keep_large_pieces_apart();
// The opposite: up to 8 MiB that one request needed are kept for the next, where they would be given back and
// fetched again, page by page, for each body of 200 KB. For who answers requests.
void keep_for_requests();
// Returns freed pages to the system; after a burst of allocations that is over.
void give_back();

}  // namespace berth::daemon
