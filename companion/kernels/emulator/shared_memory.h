// Shared memory as a kernel finds it: full of garbage. Here the garbage is NaN, so that nobody
// gets away with reading what was never written.
#pragma once

#include <link.h>

#include <cstring>

#include "cuda.h"
#include "fibers.h"

namespace emulator {

struct Bytes {
    char *begin = nullptr, *end = nullptr;
};

// All thread-local variables of this library: the kernels' shared arrays, and nothing else.
inline Bytes find_shared_arrays() {
    Bytes all{reinterpret_cast<char*>(shared), reinterpret_cast<char*>(shared) + sizeof shared};
    const auto look = [](dl_phdr_info* library, size_t, void* data) {
        Bytes& all = *static_cast<Bytes*>(data);
        char* begin = static_cast<char*>(library->dlpi_tls_data);
        for (int i = 0; begin && i < library->dlpi_phnum; ++i) {
            const auto& part = library->dlpi_phdr[i];
            if (part.p_type != PT_TLS || all.begin < begin || all.end > begin + part.p_memsz) continue;
            all = {begin, begin + part.p_memsz};
            return 1;
        }
        return 0;
    };
    dl_iterate_phdr(look, &all);
    return all;
}

constexpr int GARBAGE = 0xff;  // four of these bytes are a NaN

// Fill everything with garbage, and close what lies beyond the bytes that the launch asked for.
inline void fill_shared_memory(const Bytes& all, size_t asked) {
    char* const begin = reinterpret_cast<char*>(shared);
    char* const end = begin + sizeof shared;
#ifdef EMULATOR_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(begin, sizeof shared);
#endif
    memset(all.begin, GARBAGE, begin - all.begin);
    memset(begin, GARBAGE, asked + PAGE < sizeof shared ? asked + PAGE : sizeof shared);
    memset(end, GARBAGE, all.end - end);
#ifdef EMULATOR_ADDRESS_SANITIZER
    __asan_poison_memory_region(begin + asked, sizeof shared - asked);
#endif
}

// Whether the garbage just beyond those bytes is still there.
inline bool kept_to_shared_memory(size_t asked) {
#ifndef EMULATOR_ADDRESS_SANITIZER  // which has seen to it
    const unsigned char* begin = reinterpret_cast<unsigned char*>(shared);
    for (size_t i = asked; i < asked + PAGE && i < sizeof shared; ++i)
        if (begin[i] != GARBAGE) return false;
#endif
    (void)asked;
    return true;
}

}  // namespace emulator
