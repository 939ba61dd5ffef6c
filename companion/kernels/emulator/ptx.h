// Stand-ins for the PTX instructions and the shuffle of pointwise.cu, with the freedom that a GPU has.
#pragma once

#include <cstring>

#include "block.h"

namespace emulator {

inline void land(const Copy& copy) {
    if (copy.exists)
        memcpy(copy.to, copy.from, copy.bytes);
    else
        memset(copy.to, 0, copy.bytes);
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

// Give each thread of a warp the value of its partner.
UNWATCHED inline void shuffle_warp(Thread* warp) {
    float values[WARP];
    for (unsigned i = 0; i < WARP; ++i) values[i] = warp[i].value;
    for (unsigned i = 0; i < WARP; ++i) warp[i].value = values[warp[i].partner % WARP];
}

// Read four 8 x 8 matrices of sixteen bits, the rows of which the threads name, eight for each.
template <bool TURNED>
UNWATCHED void load_matrices_warp(Thread* warp) {
    for (unsigned i = 0; i < WARP; ++i)
        for (unsigned m = 0; m < 4; ++m) {
            unsigned short pair[2];
            for (unsigned k = 0; k < 2; ++k) {
                const unsigned along = i % 4 * 2 + k, other = i / 4;
                const unsigned row = TURNED ? along : other, column = TURNED ? other : along;
                pair[k] = warp[m * 8 + row].matrix_row[column];
            }
            warp[i].loaded[m] = pair[0] | unsigned(pair[1]) << 16;
        }
}

}  // namespace emulator

template <int BYTES, bool>
void copy_async(void* to, const void* from, bool exists) {
    using namespace emulator;
    static_assert(BYTES == 2 || BYTES == 4 || BYTES == 8 || BYTES == 16, "the sizes that the kernels use");
    if (reinterpret_cast<uintptr_t>(to) % BYTES || reinterpret_cast<uintptr_t>(from) % BYTES)
        fail("copy_async of %d bytes needs addresses that are multiples of %d bytes", BYTES, BYTES);
    char* const begin = reinterpret_cast<char*>(shared);
    char* const target = static_cast<char*>(to);
    if (target < begin || target + BYTES > begin + launch->shared_memory)
        fail("copy_async leaves the block's %u bytes of shared memory", launch->shared_memory);
    const Copy copy{to, from, BYTES, exists, current->groups};
    if (launch->early_copies || BYTES == 2)  // so short a copy is no background copy
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
    emulator::meet(emulator::multiply_warp);
}

template <bool TURNED>
void load_matrices(unsigned (&to)[4], const void* row) {
    using namespace emulator;
    const char* const begin = reinterpret_cast<const char*>(shared);
    const char* const from = static_cast<const char*>(row);
    if (reinterpret_cast<uintptr_t>(row) % 16) fail("a row of load_matrices must start at a multiple of 16 bytes");
    if (from < begin || from + 16 > begin + launch->shared_memory)
        fail("load_matrices leaves the block's %u bytes of shared memory", launch->shared_memory);
    memcpy(current->matrix_row, row, 16);  // by the thread itself, which sanitizers see
    current->loaded = to;
    meet(load_matrices_warp<TURNED>);
}

inline float __shfl_xor_sync(unsigned mask, float value, int other) {
    emulator::Thread& thread = *emulator::current;
    if (mask != 0xffffffffu) emulator::fail("a shuffle of a part of a warp is not emulated");
    thread.value = value;
    thread.partner = threadIdx.x % emulator::WARP ^ unsigned(other);
    emulator::meet(emulator::shuffle_warp);
    return thread.value;
}
