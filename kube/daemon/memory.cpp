#include "kube/daemon/memory.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace berth::daemon {

void few_arenas() {
#if defined(__GLIBC__)
  constexpr int kArenas = 2;
  mallopt(M_ARENA_MAX, kArenas);
#endif
}

void keep_large_pieces_apart() {
#if defined(__GLIBC__)
  constexpr int kLarge = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kLarge);
#endif
}

void keep_for_requests() {
#if defined(__GLIBC__)
  constexpr int kLarge = 4 << 20;
  constexpr int kKept = 8 << 20;
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kKept);
#endif
}

void give_back() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace berth::daemon
