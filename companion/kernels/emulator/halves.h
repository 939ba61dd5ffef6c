// Stand-ins for what a GPU does with sixteen bits. They come after the kernels, which declare the two types.
#pragma once

#include "ptx.h"

inline float widen(BFloat16 value) { return emulator::as_float(unsigned(value.bits) << 16); }

inline float widen(Float16 value) {
    const int exponent = value.bits >> 10 & 31, fraction = value.bits & 0x3ff;
    const float sign = value.bits >> 15 ? -1.0f : 1.0f;
    if (exponent == 31) return fraction ? __builtin_nanf("") : sign * __builtin_inff();
    const int significand = exponent ? fraction | 0x400 : fraction;
    return sign * __builtin_ldexpf(float(significand), (exponent ? exponent : 1) - 25);
}

// To the nearest, ties to the even one.
inline void narrow(float value, BFloat16& to) {
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    to.bits = value == value ? (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16 : 0x7fff;
}

inline void narrow(float value, Float16& to) {
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    const unsigned sign = bits >> 16 & 0x8000u;
    const float size = __builtin_fabsf(value);
    unsigned result;
    if (!(value == value))
        result = 0x7fff;
    else if (size >= 65520.0f)
        result = 0x7c00;  // rounds to infinity
    else if (size < 0x1p-14f)
        result = unsigned(__builtin_nearbyintf(size * 0x1p24f));  // the smallest are evenly spaced
    else
        result = ((bits & 0x7fffffffu) + 0xfffu + (bits >> 13 & 1u) - (112u << 23)) >> 13;
    to.bits = (unsigned short)(value == value ? sign | result : result);
}

namespace emulator {

// One multiply_add of a whole warp, m16n8k16: products are exact in float32, their sum is exact and rounded once.
template <class T>
UNWATCHED void multiply_warp_of(Thread* warp) {
    float a[16][16], b[16][8];
    const auto half = [](unsigned pair, unsigned k) { return widen(T{(unsigned short)(pair >> 16 * k)}); };
    for (unsigned i = 0; i < WARP; ++i)
        for (unsigned k = 0; k < 2; ++k) {
            const unsigned row = i / 4, along = i % 4 * 2 + k;
            for (unsigned m = 0; m < 4; ++m) a[row + m % 2 * 8][along + m / 2 * 8] = half(warp[i].a[m], k);
            for (unsigned m = 0; m < 2; ++m) b[along + m * 8][row] = half(warp[i].b[m], k);
        }
    for (unsigned i = 0; i < WARP; ++i)
        for (unsigned k = 0; k < 4; ++k) {
            double sum = warp[i].sums[k];
            for (unsigned c = 0; c < 16; ++c) sum += double(a[i / 4 + k / 2 * 8][c]) * b[c][i % 4 * 2 + k % 2];
            warp[i].sums[k] = float(sum);
        }
}

}  // namespace emulator

template <class T>
void multiply_add(T, float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    const unsigned b[2] = {b0, b1};
    emulator::Thread& thread = *emulator::current;
    thread.sums = sums;
    thread.a = a;
    thread.b = b;
    emulator::meet(emulator::multiply_warp_of<T>);
}
