// The 1x1 convolution on a GPU, from the plainest kernel to the tensor cores.
//
//   y[n, o, p] = clamp(sum over c of weight[o, c] * x[n, c, p]
//                      + bias[o] + residual[n, o, p])
//
//   x         (batch, in_channels, pixels)
//   weight    (out_channels, in_channels)
//   bias      (out_channels,), or null
//   residual  (batch, out_channels, pixels), or null
//   y         (batch, out_channels, pixels)
//
// pixels is H * W: a 1x1 kernel looks at no neighbours, so a picture is one long
// line. Arrays hold float32, the last index runs fastest, and y overlaps nothing
// else. All kernels take the same arguments. All but the last add up the products
// of one output in the order c = 0, 1, 2, ..., so they agree to the last bit.
//
// Two compilers read this file: NVRTC for a GPU and, through emulator/, an ordinary
// C++ compiler that runs it on a CPU. A step lies between its banner and the next
// "--- end ---".

using int64 = long long;  // an offset into a tensor may be beyond 2**31

// --- step: epilogue ---
// What is left to do with a finished sum. A layer is seldom alone: a bias, a
// shortcut and an activation follow. As operations of their own, each would read
// all of y from memory and write it back. Here the sum still lies in a register.
//
// The activation is a clamp: [-inf, inf] is none, [0, inf] ReLU, and [0, 6] ReLU6.
// A comparison with NaN is false, so NaN passes, as in torch.relu.
__device__ __forceinline__ float finish(float sum, float bias, float residual,
                                        float low, float high) {
    const float value = sum + bias + residual;
    const float raised = value < low ? low : value;
    return raised > high ? high : raised;
}

// The same for four neighbouring pixels of one channel.
__device__ __forceinline__ float4 finish(float4 sum, float bias, float4 residual,
                                         float low, float high) {
    return make_float4(finish(sum.x, bias, residual.x, low, high),
                       finish(sum.y, bias, residual.y, low, high),
                       finish(sum.z, bias, residual.z, low, high),
                       finish(sum.w, bias, residual.w, low, high));
}

// Without a bias or a residual, their pointers are null.
__device__ __forceinline__ float value_or_zero(const float* array, int64 index) {
    return array ? array[index] : 0.0f;
}
// --- end ---

// --- step: naive ---
// One thread, one output, as in the formula. Neighbouring threads take neighbouring
// output channels of one pixel.
//
// What it costs: the 32 threads of a warp run together, and memory is fetched in
// sectors of 8 floats. For each c, these threads read from 32 rows of the weight:
// 32 sectors, for one float of each. They write to 32 maps of y: again 32 sectors.
extern "C" __global__ void pointwise_naive(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    const int64 thread = (int64)blockIdx.x * blockDim.x + threadIdx.x;
    if (thread >= (int64)batch * pixels * out_channels) return;
    const int o = thread % out_channels;
    const int64 column = thread / out_channels;  // of a row with all images
    const int64 n = column / pixels, p = column % pixels;

    float sum = 0.0f;
    for (int c = 0; c < in_channels; ++c)
        sum = fmaf(weight[(int64)o * in_channels + c],
                   x[(n * in_channels + c) * pixels + p], sum);

    const int64 at = (n * out_channels + o) * pixels + p;
    y[at] = finish(sum, value_or_zero(bias, o), value_or_zero(residual, at),
                   low, high);
}
// --- end ---

// --- step: coalesced ---
// The same work, dealt out in another order: neighbouring threads take neighbouring
// pixels of one output channel.
//
// Why it helps: a warp now reads 32 floats of x side by side, 4 sectors used to the
// last byte, and one weight for all; and it writes 4 sectors, not 32. Such accesses
// are called coalesced.
//
// What it costs: nothing. But each weight is still read once for every pixel, and
// each pixel once for every output channel.
extern "C" __global__ void pointwise_coalesced(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    const int64 at = (int64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (int64)batch * out_channels * pixels) return;
    const int64 p = at % pixels;
    const int64 n = at / pixels / out_channels;
    const int o = at / pixels % out_channels;

    float sum = 0.0f;
    for (int c = 0; c < in_channels; ++c)
        sum = fmaf(weight[(int64)o * in_channels + c],
                   x[(n * in_channels + c) * pixels + p], sum);

    y[at] = finish(sum, value_or_zero(bias, o), value_or_zero(residual, at),
                   low, high);
}
// --- end ---

// --- step: shared_tile ---
// A block of 16 x 16 threads computes 16 output channels of 16 pixels. For 16 input
// channels at a time it first copies the two pieces that its threads need, "tiles",
// into shared memory, which is close to the cores; then all read from there.
//
// Why it helps: each float fetched from far away is now used 16 times.
//
// What it costs: two barriers a tile. One before a thread reads what another is
// still writing, and one before a thread overwrites what another is still reading.
constexpr int TILE = 16;

extern "C" __global__ void __launch_bounds__(TILE * TILE) pointwise_shared_tile(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    __shared__ float weight_tile[TILE][TILE];  // [output channel][input channel]
    __shared__ float x_tile[TILE][TILE];       // [input channel][column]

    // Blocks that share their pixels have neighbouring numbers: they run at about
    // the same time, and all but the first find x in the cache.
    const int channel_tiles = (out_channels + TILE - 1) / TILE;
    const int row = threadIdx.y, col = threadIdx.x;
    const int o = blockIdx.x % channel_tiles * TILE + row;
    const int64 column = (int64)(blockIdx.x / channel_tiles) * TILE + col;
    const bool inside = column < (int64)batch * pixels;
    const int64 n = column / pixels, p = column % pixels;

    float sum = 0.0f;
    for (int c0 = 0; c0 < in_channels; c0 += TILE) {
        // Beyond the edge a tile holds zeros, which add nothing.
        const bool has_weight = o < out_channels && c0 + col < in_channels;
        const bool has_x = inside && c0 + row < in_channels;
        weight_tile[row][col] =
            has_weight ? weight[(int64)o * in_channels + c0 + col] : 0.0f;
        x_tile[row][col] =
            has_x ? x[(n * in_channels + c0 + row) * pixels + p] : 0.0f;
        __syncthreads();  // the tiles are complete
        for (int c = 0; c < TILE; ++c)
            sum = fmaf(weight_tile[row][c], x_tile[c][col], sum);
        __syncthreads();  // the tiles are used up
    }

    if (o < out_channels && inside) {
        const int64 at = (n * out_channels + o) * pixels + p;
        y[at] = finish(sum, value_or_zero(bias, o), value_or_zero(residual, at),
                       low, high);
    }
}
// --- end ---

// --- step: register_tile ---
// Shared memory is close, registers are closer. Each thread now computes
// THREAD_CHANNELS x 8 outputs, whose sums stay in its registers.
//
//   a block    TILE_CHANNELS output channels x TILE_PIXELS columns
//   a tile     DEPTH input channels of the weight and of x
//
// Why it helps, in four parts:
//   1. With 8 weights and 8 pixels at hand, a thread does 64 multiply-adds. Step
//      shared_tile read two floats for each of them; this reads 16 for all 64.
//   2. A float4 moves 16 bytes at once: a quarter of the instructions.
//   3. Two buffers: while the block computes with one tile, the next is on its way.
//      It waits in registers ("fetch") until the other buffer takes it ("store").
//   4. One barrier a tile is left: nobody overwrites the buffer that is being read.
//
// What it costs: about 200 registers a thread, so that few threads fit on a
// multiprocessor; and tiles at the edge do work that is thrown away. That is why
// there are several sizes.
//
// WIDTH is how many columns one access to x or y moves. It is 4 where pixels is a
// multiple of 4 (four columns then lie in one image) and the arrays start at
// multiples of 16 bytes; else it is 1.
constexpr int DEPTH = 16;
constexpr int THREAD_PIXELS = 8;

template <int TILE_CHANNELS, int TILE_PIXELS, int THREAD_CHANNELS, int WIDTH>
__global__ void
__launch_bounds__(TILE_CHANNELS / THREAD_CHANNELS * (TILE_PIXELS / THREAD_PIXELS),
                  1)  // one block may have all registers: nothing spills
pointwise_register_tile(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    constexpr int ACROSS = TILE_PIXELS / THREAD_PIXELS;  // threads side by side
    constexpr int THREADS = TILE_CHANNELS / THREAD_CHANNELS * ACROSS;
    constexpr int X_ROWS = THREADS / (TILE_PIXELS / WIDTH);  // loaded in one go
    constexpr int X_LOADS = DEPTH / X_ROWS;
    constexpr int WEIGHT_LOADS = TILE_CHANNELS * DEPTH / THREADS;
    static_assert(THREADS % (TILE_PIXELS / WIDTH) == 0 && DEPTH % X_ROWS == 0,
                  "the threads must load x in whole rows");

    // The weight tile stands on its side, so that a thread reads its channels in
    // one go; four more floats a row spread them over the banks of shared memory.
    __shared__ __align__(16) float weight_tile[2][DEPTH][TILE_CHANNELS + 4];
    __shared__ __align__(16) float x_tile[2][DEPTH][TILE_PIXELS];

    const int thread = threadIdx.x;
    const int channel_tiles = (out_channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * TILE_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * TILE_PIXELS;
    const unsigned columns = (unsigned)batch * pixels;  // below 2**31

    // Each thread loads x in the same column, or four, all along the channels: the
    // division that finds the image is done once.
    const int load_row = thread / (TILE_PIXELS / WIDTH);
    const int load_col = thread % (TILE_PIXELS / WIDTH) * WIDTH;
    const bool inside = first_column + load_col < columns;
    const unsigned load_column = inside ? first_column + load_col : 0;
    const unsigned load_image = load_column / pixels;
    const float* x_column = x + (int64)load_image * in_channels * pixels +
                            (load_column - load_image * pixels);

    __align__(16) float next_x[X_LOADS][WIDTH];
    float next_weight[WEIGHT_LOADS];

    const auto fetch = [&](int c0) {  // from memory to registers
#pragma unroll
        for (int i = 0; i < X_LOADS; ++i) {
            const int c = c0 + load_row + i * X_ROWS;
            const bool exists = inside && c < in_channels;
            const float* from = x_column + (int64)c * pixels;
            if constexpr (WIDTH == 4) {
                const float4 zero = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                *reinterpret_cast<float4*>(next_x[i]) =
                    exists ? *reinterpret_cast<const float4*>(from) : zero;
            } else {
                next_x[i][0] = exists ? *from : 0.0f;
            }
        }
#pragma unroll
        for (int i = 0; i < WEIGHT_LOADS; ++i) {
            const int o = first_channel + (thread + i * THREADS) / DEPTH;
            const int c = c0 + (thread + i * THREADS) % DEPTH;
            const bool exists = o < out_channels && c < in_channels;
            next_weight[i] = exists ? weight[(int64)o * in_channels + c] : 0.0f;
        }
    };
    const auto store = [&](int buffer) {  // from registers to shared memory
#pragma unroll
        for (int i = 0; i < X_LOADS; ++i) {
            float* to = &x_tile[buffer][load_row + i * X_ROWS][load_col];
            if constexpr (WIDTH == 4)
                *reinterpret_cast<float4*>(to) =
                    *reinterpret_cast<float4*>(next_x[i]);
            else
                *to = next_x[i][0];
        }
#pragma unroll
        for (int i = 0; i < WEIGHT_LOADS; ++i) {
            const int element = thread + i * THREADS;
            weight_tile[buffer][element % DEPTH][element / DEPTH] = next_weight[i];
        }
    };

    // A thread's pixels are two groups of four, half a tile apart: the groups of
    // neighbouring threads then lie side by side, in shared memory and in y.
    const int row = thread / ACROSS * THREAD_CHANNELS;
    const int col = thread % ACROSS * 4;
    float sums[THREAD_CHANNELS][THREAD_PIXELS] = {};

    int buffer = 0;
    fetch(0);
    store(buffer);
    __syncthreads();  // the first tile is complete
    for (int c0 = 0; c0 < in_channels; c0 += DEPTH) {
        const bool more = c0 + DEPTH < in_channels;
        if (more) fetch(c0 + DEPTH);
#pragma unroll
        for (int c = 0; c < DEPTH; ++c) {
            float w[THREAD_CHANNELS], v[THREAD_PIXELS];
#pragma unroll
            for (int i = 0; i < THREAD_CHANNELS; ++i)
                w[i] = weight_tile[buffer][c][row + i];
#pragma unroll
            for (int j = 0; j < THREAD_PIXELS; ++j)
                v[j] = x_tile[buffer][c][j / 4 * (TILE_PIXELS / 2) + col + j % 4];
#pragma unroll
            for (int i = 0; i < THREAD_CHANNELS; ++i)
#pragma unroll
                for (int j = 0; j < THREAD_PIXELS; ++j)
                    sums[i][j] = fmaf(w[i], v[j], sums[i][j]);
        }
        if (more) {
            buffer = 1 - buffer;
            store(buffer);
            __syncthreads();  // the next tile is complete, and this one used up
        }
    }

    float biases[THREAD_CHANNELS];
#pragma unroll
    for (int i = 0; i < THREAD_CHANNELS; ++i) {
        const int o = first_channel + row + i;
        biases[i] = o < out_channels ? value_or_zero(bias, o) : 0.0f;
    }
#pragma unroll
    for (int j = 0; j < THREAD_PIXELS; j += WIDTH) {
        const unsigned column =
            first_column + j / 4 * (TILE_PIXELS / 2) + col + j % 4;
        if (column >= columns) continue;
        const unsigned n = column / pixels, p = column - n * pixels;
#pragma unroll
        for (int i = 0; i < THREAD_CHANNELS; ++i) {
            const int o = first_channel + row + i;
            if (o >= out_channels) continue;
            const int64 at = ((int64)n * out_channels + o) * pixels + p;
            if constexpr (WIDTH == 4) {
                float4 r = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                if (residual) r = *reinterpret_cast<const float4*>(residual + at);
                const float4 sum = make_float4(sums[i][j], sums[i][j + 1],
                                               sums[i][j + 2], sums[i][j + 3]);
                *reinterpret_cast<float4*>(y + at) =
                    finish(sum, biases[i], r, low, high);
            } else {
                const float r = value_or_zero(residual, at);
                y[at] = finish(sums[i][j], biases[i], r, low, high);
            }
        }
    }
}
// --- end ---

// --- step: tensor_core ---
// Tensor cores multiply small matrices in one instruction of a whole warp: here
// (16 x 8) * (8 x 8), in TF32. That is float32 with 10 bits after the point instead
// of 23: three decimal digits, the range of float32, sums in float32.
//
// Why it helps: many times the multiply-adds a second. Now moving data is what
// takes time, so data takes no detour: "cp.async" copies from memory to shared
// memory past the registers, while the block computes. Of STAGES tiles one is in
// use, the others are on their way. No tile is transposed: the instruction takes
// the weight as [output channel][input channel] and x as [input channel][column],
// as they lie.
//
// What it costs: digits, which is why nobody gets it without asking; 65 to 105 KiB
// of shared memory a block; a GPU of compute capability 8.0 or newer.
//
// A block has four warps, each for a quarter of its outputs. X_WIDTH and
// WEIGHT_WIDTH are the floats that one copy moves: 4 where rows start at multiples
// of 16 bytes, else 1.
constexpr int TF32_DEPTH = 32;
constexpr int STAGES = 3;

#ifdef __CUDACC__  // five instructions of a GPU; emulator/ptx.h has them for a CPU
// Copy FLOATS floats to shared memory, in the background; zeros if not exists.
template <int FLOATS>
__device__ __forceinline__ void copy_async(float* to, const float* from,
                                           bool exists) {
    const unsigned target = (unsigned)__cvta_generic_to_shared(to);
    const int bytes = exists ? 4 * FLOATS : 0;
    if constexpr (FLOATS == 4)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                     :: "r"(target), "l"(from), "r"(bytes) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
                     :: "r"(target), "l"(from), "r"(bytes) : "memory");
}

// Bind the copies since the last call to a group; groups end in order.
__device__ __forceinline__ void commit_copies() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Wait until at most NEWEST groups of this thread are still under way.
template <int NEWEST>
__device__ __forceinline__ void wait_for_copies() {
    asm volatile("cp.async.wait_group %0;" :: "n"(NEWEST) : "memory");
}

// Round to TF32, to nearest, ties away from zero.
__device__ __forceinline__ unsigned to_tf32(float value) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
}

// sums += a * b for the 32 threads of a warp together.
__device__ __forceinline__ void multiply_add(float (&sums)[4],
                                             const unsigned (&a)[4],
                                             const unsigned (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

template <int TILE_CHANNELS, int TILE_PIXELS, int X_WIDTH, int WEIGHT_WIDTH>
__global__ void __launch_bounds__(128) pointwise_tensor_core(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    constexpr int THREADS = 128;
    constexpr int WARP_CHANNELS = TILE_CHANNELS / 2, WARP_PIXELS = TILE_PIXELS / 2;
    constexpr int DOWN = WARP_CHANNELS / 16, ACROSS = WARP_PIXELS / 8;
    // With rows of these lengths, no two threads of a warp read from one bank.
    constexpr int WEIGHT_ROW = TF32_DEPTH + 4, X_ROW = TILE_PIXELS + 8;
    constexpr int WEIGHT_TILE = TILE_CHANNELS * WEIGHT_ROW;
    constexpr int X_TILE = TF32_DEPTH * X_ROW;
    extern __shared__ __align__(16) float shared[];  // STAGES times both tiles

    const int thread = threadIdx.x;
    const int channel_tiles = (out_channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * TILE_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * TILE_PIXELS;
    const unsigned columns = (unsigned)batch * pixels;

    constexpr int X_COPIES = TILE_PIXELS / X_WIDTH;  // a row
    constexpr int X_ROWS = THREADS / X_COPIES;       // in one go
    const int x_row = thread / X_COPIES, x_col = thread % X_COPIES * X_WIDTH;
    const bool inside = first_column + x_col < columns;
    const unsigned x_column = inside ? first_column + x_col : 0;
    const unsigned x_image = x_column / pixels;
    const float* x_from =
        x + (int64)x_image * in_channels * pixels +
        (x_column - x_image * pixels);

    constexpr int WEIGHT_COPIES = TF32_DEPTH / WEIGHT_WIDTH;
    constexpr int WEIGHT_ROWS = THREADS / WEIGHT_COPIES;
    const int weight_row = thread / WEIGHT_COPIES;
    const int weight_col = thread % WEIGHT_COPIES * WEIGHT_WIDTH;

    const auto start_copies = [&](int c0, int stage) {
        float* weight_tile = shared + stage * (WEIGHT_TILE + X_TILE);
        float* x_tile = weight_tile + WEIGHT_TILE;
#pragma unroll
        for (int i = 0; i < TF32_DEPTH; i += X_ROWS) {
            const int c = c0 + x_row + i;
            const bool exists = inside && c < in_channels;
            copy_async<X_WIDTH>(x_tile + (x_row + i) * X_ROW + x_col,
                                exists ? x_from + (int64)c * pixels : x, exists);
        }
#pragma unroll
        for (int i = 0; i < TILE_CHANNELS; i += WEIGHT_ROWS) {
            const int o = first_channel + weight_row + i, c = c0 + weight_col;
            const bool exists = o < out_channels && c < in_channels;
            copy_async<WEIGHT_WIDTH>(
                weight_tile + (weight_row + i) * WEIGHT_ROW + weight_col,
                exists ? weight + (int64)o * in_channels + c : weight, exists);
        }
    };

    // The instruction dictates which elements of the small matrices a thread holds:
    // rows by its place in the warp divided by 4, columns by the remainder.
    const int warp = thread / 32, place = thread % 32 / 4, rest = thread % 4;
    const int row = warp % 2 * WARP_CHANNELS, col = warp / 2 * WARP_PIXELS;
    float sums[DOWN][ACROSS][4] = {};

#pragma unroll
    for (int stage = 0; stage < STAGES - 1; ++stage) {
        if (stage * TF32_DEPTH < in_channels)
            start_copies(stage * TF32_DEPTH, stage);
        commit_copies();
    }
    int stage = 0;
    for (int c0 = 0; c0 < in_channels; c0 += TF32_DEPTH) {
        wait_for_copies<STAGES - 2>();  // this thread's share of the tile is there
        __syncthreads();  // all others' too, and the tile before is used up
        const int ahead = c0 + (STAGES - 1) * TF32_DEPTH;
        if (ahead < in_channels) start_copies(ahead, (stage + STAGES - 1) % STAGES);
        commit_copies();  // even if empty: the wait counts groups

        const float* weight_tile = shared + stage * (WEIGHT_TILE + X_TILE);
        const float* x_tile = weight_tile + WEIGHT_TILE;
#pragma unroll
        for (int c = 0; c < TF32_DEPTH; c += 8) {
            unsigned a[DOWN][4], b[ACROSS][2];
#pragma unroll
            for (int i = 0; i < DOWN; ++i) {
                const float* from =
                    weight_tile + (row + i * 16 + place) * WEIGHT_ROW + c + rest;
                a[i][0] = to_tf32(from[0]);
                a[i][1] = to_tf32(from[8 * WEIGHT_ROW]);
                a[i][2] = to_tf32(from[4]);
                a[i][3] = to_tf32(from[8 * WEIGHT_ROW + 4]);
            }
#pragma unroll
            for (int j = 0; j < ACROSS; ++j) {
                const float* from =
                    x_tile + (c + rest) * X_ROW + col + j * 8 + place;
                b[j][0] = to_tf32(from[0]);
                b[j][1] = to_tf32(from[4 * X_ROW]);
            }
#pragma unroll
            for (int i = 0; i < DOWN; ++i)
#pragma unroll
                for (int j = 0; j < ACROSS; ++j)
                    multiply_add(sums[i][j], a[i], b[j]);
        }
        stage = (stage + 1) % STAGES;
    }

    // A thread holds two neighbouring columns in two rows of each small matrix.
    constexpr int PAIR = X_WIDTH == 4 ? 2 : 1;  // columns that one access moves
    float biases[2 * DOWN];
#pragma unroll
    for (int i = 0; i < 2 * DOWN; ++i) {
        const int o = first_channel + row + i * 8 + place;
        biases[i] = o < out_channels ? value_or_zero(bias, o) : 0.0f;
    }
#pragma unroll
    for (int j = 0; j < ACROSS; ++j)
#pragma unroll
        for (int k = 0; k < 2; k += PAIR) {
            const unsigned column = first_column + col + j * 8 + 2 * rest + k;
            if (column >= columns) continue;
            const unsigned n = column / pixels, p = column - n * pixels;
#pragma unroll
            for (int i = 0; i < 2 * DOWN; ++i) {
                const int o = first_channel + row + i * 8 + place;
                if (o >= out_channels) continue;
                const float* sum = &sums[i / 2][j][i % 2 * 2 + k];
                const int64 at = ((int64)n * out_channels + o) * pixels + p;
                if constexpr (PAIR == 2) {
                    float2 r = make_float2(0.0f, 0.0f);
                    if (residual)
                        r = *reinterpret_cast<const float2*>(residual + at);
                    *reinterpret_cast<float2*>(y + at) =
                        make_float2(finish(sum[0], biases[i], r.x, low, high),
                                    finish(sum[1], biases[i], r.y, low, high));
                } else {
                    const float r = value_or_zero(residual, at);
                    y[at] = finish(sum[0], biases[i], r, low, high);
                }
            }
        }
}
// --- end ---
