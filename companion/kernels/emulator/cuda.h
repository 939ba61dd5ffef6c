// The words of CUDA that pointwise.cu uses, for an ordinary C++ compiler.
#pragma once

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
struct uint3 {
    unsigned x = 0, y = 0, z = 0;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

#define __global__ inline  // what nobody calls is not compiled
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define fmaf __builtin_fmaf  // rounds once, as on a GPU; <cmath> takes longer to read than all kernels

// Blocks run one after the other in one thread of the CPU, so one copy of shared memory is enough.
// Thread-local variables lie together, which lets the emulator fill them with NaN before each block;
// and, unlike "extern static", "extern thread_local" is C++.
#define __shared__ thread_local

inline dim3 gridDim, blockDim;
inline uint3 blockIdx, threadIdx;

// The array behind "extern __shared__ float shared[]", as large as the largest that an H100 grants.
constexpr unsigned LARGEST_SHARED_MEMORY = 227 * 1024;
alignas(128) inline thread_local float shared[LARGEST_SHARED_MEMORY / sizeof(float)];

namespace emulator {
void wait_for_block(int line);
}
#define __syncthreads() emulator::wait_for_block(__LINE__)
