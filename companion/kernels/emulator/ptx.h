// Stand-ins for the five PTX instructions of pointwise.cu, with the freedom that a GPU has.
#pragma once

#include <cstring>

#include "block.h"

namespace emulator {

inline void land(const Copy& copy) {
    const size_t bytes = copy.floats * sizeof(float);
    if (copy.exists)
        memcpy(copy.to, copy.from, bytes);
    else
        memset(copy.to, 0, bytes);
}

inline float as_float(unsigned bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// One multiply_add of a whole warp, m16n8k8. The tensor core ignores the last 13 bits of a and b. It
// adds in an order that nobody has written down; here the sum is exact and rounded once.
UNWATCHED inline void multiply_warp(Thread* warp) {
    float a[16][8], b[8][8];
    for (unsigned i = 0; i < WARP; ++i) {
        const unsigned row = i / 4, column = i % 4;
        for (unsigned k = 0; k < 4; ++k)
            a[row + k % 2 * 8][column + k / 2 * 4] = as_float(warp[i].a[k] & ~0x1fffu);
        for (unsigned k = 0; k < 2; ++k) b[column + k * 4][row] = as_float(warp[i].b[k] & ~0x1fffu);
    }
    for (unsigned i = 0; i < WARP; ++i)
        for (unsigned k = 0; k < 4; ++k) {
            double sum = warp[i].sums[k];
            for (unsigned c = 0; c < 8; ++c) sum += double(a[i / 4 + k / 2 * 8][c]) * b[c][i % 4 * 2 + k % 2];
            warp[i].sums[k] = float(sum);
        }
}

}  // namespace emulator

template <int FLOATS>
void copy_async(float* to, const float* from, bool exists) {
    using namespace emulator;
    const size_t bytes = FLOATS * sizeof(float);
    if (reinterpret_cast<uintptr_t>(to) % bytes || reinterpret_cast<uintptr_t>(from) % bytes)
        fail("copy_async of %d floats needs addresses that are multiples of %d bytes", FLOATS, int(bytes));
    if (to < shared || to + FLOATS > shared + launch->shared_memory / sizeof(float))
        fail("copy_async leaves the block's %u bytes of shared memory", launch->shared_memory);
    const Copy copy{to, from, FLOATS, exists, current->groups};
    if (launch->early_copies)
        land(copy);
    else if (current->under_way == MOST_COPIES)
        fail("more than %u copies of one thread are under way", MOST_COPIES);
    else
        current->copies[current->under_way++] = copy;
}

inline void commit_copies() { ++emulator::current->groups; }

template <int NEWEST>
void wait_for_copies() {
    emulator::Thread& thread = *emulator::current;
    unsigned landed = 0;
    while (landed < thread.under_way && thread.copies[landed].group + NEWEST < thread.groups)
        emulator::land(thread.copies[landed++]);
    thread.under_way -= landed;
    memmove(thread.copies, thread.copies + landed, thread.under_way * sizeof(emulator::Copy));
}

inline unsigned to_tf32(float value) {
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    return finite ? (bits + 0x1000u) & ~0x1fffu : bits;
}

inline void multiply_add(float (&sums)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    emulator::Thread& thread = *emulator::current;
    thread.sums = sums;
    thread.a = a;
    thread.b = b;
    emulator::wait_as(emulator::State::AT_MULTIPLY);
}
