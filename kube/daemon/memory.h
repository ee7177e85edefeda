// Memory: how a daemon that holds a copy of a cluster keeps the memory of its process close to what it uses.
//
// By default the allocator of glibc gives each thread an arena of its own, and keeps what was freed in them
// for later: after lists of many pages a process would keep several times what its objects need. Elsewhere
// both do nothing. Thread-safety: few_arenas() before the first thread; give_back() from any thread, it takes
// milliseconds.
#pragma once

namespace berth::daemon {

void few_arenas();
// Returns freed pages to the system; after a burst of allocations that is over.
void give_back();

}  // namespace berth::daemon
