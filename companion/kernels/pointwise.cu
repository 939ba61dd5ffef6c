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
// else. All kernels take the same arguments. Up to the register tile they add up
// the products of one output in the order c = 0, 1, 2, ..., so they agree to the
// last bit.
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

// Sums are float32, whatever the arrays hold: the step "sixteen_bits" has more of
// these two.
__device__ __forceinline__ float widen(float value) { return value; }
__device__ __forceinline__ void narrow(float value, float& to) { to = value; }

// Without a bias or a residual, their pointers are null.
template <class T>
__device__ __forceinline__ float value_or_zero(const T* array, int64 index) {
    return array ? widen(array[index]) : 0.0f;
}

// Neighbouring numbers that one access moves, 16 bytes at most.
template <class T, int WIDTH>
struct __align__(WIDTH * sizeof(T)) Pack {
    T values[WIDTH];
};

// Finish the sums of WIDTH neighbouring pixels of one channel, and write them.
template <int WIDTH, class T>
__device__ __forceinline__ void write(const float* sums, float bias,
                                      const T* residual, T* y, int64 at, float low,
                                      float high) {
    using Numbers = Pack<T, WIDTH>;
    float r[WIDTH] = {};
    if (residual) {
        const Numbers given = *reinterpret_cast<const Numbers*>(residual + at);
#pragma unroll
        for (int k = 0; k < WIDTH; ++k) r[k] = widen(given.values[k]);
    }
    Numbers done;
#pragma unroll
    for (int k = 0; k < WIDTH; ++k)
        narrow(finish(sums[k], bias, r[k], low, high), done.values[k]);
    *reinterpret_cast<Numbers*>(y + at) = done;
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

// --- step: register_blocking ---
// Shared memory is close, registers are closer. A thread now computes 8 outputs,
// neighbouring channels of a column, and their sums stay in its registers.
//
// Why it helps: a pixel that is read from shared memory serves STRIP multiply-adds.
// For 8 of them a thread reads 9 floats; shared_tile reads 2 for each. And a
// block's tile is four times as high and as wide, so that each float fetched from
// far away is used 64 times.
//
// What it costs: registers. The loop over the sums must be written out ("unroll"),
// as a register has no index.
constexpr int STRIP = 8;  // outputs of a thread, and input channels of a tile
constexpr int STRIP_TILE = 64;  // output channels and columns of a block
constexpr int STRIP_THREADS = STRIP_TILE * STRIP_TILE / STRIP;

extern "C" __global__ void __launch_bounds__(STRIP_THREADS, 1)
pointwise_register_blocking(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    __shared__ float weight_tile[STRIP_TILE][STRIP];
    __shared__ float x_tile[STRIP][STRIP_TILE];

    const int channel_tiles = (out_channels + STRIP_TILE - 1) / STRIP_TILE;
    const int first_channel = blockIdx.x % channel_tiles * STRIP_TILE;
    const int thread = threadIdx.x;
    const int row = thread / STRIP_TILE * STRIP, col = thread % STRIP_TILE;
    const unsigned column = blockIdx.x / channel_tiles * STRIP_TILE + col;
    const bool inside = column < (unsigned)batch * pixels;  // below 2**31
    const unsigned n = column / pixels, p = column - n * pixels;

    // There are as many threads as floats in a tile: each fetches one of both.
    const int weight_row = thread / STRIP, weight_col = thread % STRIP;
    const int x_row = thread / STRIP_TILE;

    float sums[STRIP] = {};
    for (int c0 = 0; c0 < in_channels; c0 += STRIP) {
        const int o = first_channel + weight_row;
        const bool has_weight = o < out_channels && c0 + weight_col < in_channels;
        const bool has_x = inside && c0 + x_row < in_channels;
        weight_tile[weight_row][weight_col] =
            has_weight ? weight[(int64)o * in_channels + c0 + weight_col] : 0.0f;
        x_tile[x_row][col] =
            has_x ? x[((int64)n * in_channels + c0 + x_row) * pixels + p] : 0.0f;
        __syncthreads();  // the tiles are complete
        for (int c = 0; c < STRIP; ++c) {
            const float v = x_tile[c][col];
#pragma unroll
            for (int i = 0; i < STRIP; ++i)
                sums[i] = fmaf(weight_tile[row + i][c], v, sums[i]);
        }
        __syncthreads();  // the tiles are used up
    }

    if (!inside) return;
#pragma unroll
    for (int i = 0; i < STRIP; ++i) {
        const int o = first_channel + row + i;
        if (o >= out_channels) break;
        const int64 at = ((int64)n * out_channels + o) * pixels + p;
        y[at] = finish(sums[i], value_or_zero(bias, o), value_or_zero(residual, at),
                       low, high);
    }
}
// --- end ---

// --- step: async_copy ---
// The way of a tile. So far a thread has read a float into a register, put it into
// shared memory, and waited. "cp.async" copies from memory to shared memory in the
// background, past the registers, while the block computes.
//
// Why it helps: a ring of STAGES tiles lies in shared memory. One is in use, the
// others are on their way; and no register is kept for what is on its way.
//
// What it costs: a GPU of compute capability 8.0 or newer, and care. A copy has
// landed once its thread has waited for it; all threads see it after a barrier.
constexpr int STAGES = 3;

#ifdef __CUDACC__  // instructions of a GPU; emulator/ptx.h has them for a CPU
// Copy BYTES, 2 to 16, to shared memory, in the background; zeros if not exists.
// What is KEPT may stay in the cache of the multiprocessor.
template <int BYTES, bool KEPT>
__device__ __forceinline__ void copy_async(void* to, const void* from,
                                           bool exists) {
    const unsigned target = (unsigned)__cvta_generic_to_shared(to);
    const int bytes = exists ? BYTES : 0;
    if constexpr (BYTES == 2)  // too little for cp.async: through a register
        *static_cast<short*>(to) = exists ? *static_cast<const short*>(from) : 0;
    else if constexpr (BYTES == 16 && !KEPT)  // only 16 bytes can pass it by
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                     :: "r"(target), "l"(from), "r"(bytes) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;"
                     :: "r"(target), "l"(from), "r"(bytes), "n"(BYTES) : "memory");
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
#endif

// The tiles of a block: which numbers this thread copies, and where to.
//
//   a weight tile    TILE_CHANNELS output channels x DEPTH input channels
//   an x tile        DEPTH input channels x TILE_PIXELS columns
//
// Both lie as they do in memory: nothing is transposed. X_WIDTH and WEIGHT_WIDTH
// are the numbers that one copy moves: of float32 4 where rows start at multiples
// of 16 bytes (four columns then lie in one image), else 1. Rows are a little
// longer than they need be, which spreads what a warp reads at once over the banks
// of shared memory.
template <class T, int TILE_CHANNELS, int TILE_PIXELS, int DEPTH, int THREADS,
          int X_WIDTH, int WEIGHT_WIDTH>
struct Tiles {
    static constexpr int WEIGHT_ROW = DEPTH + 16 / sizeof(T);
    static constexpr int X_ROW = TILE_PIXELS + 8;
    static constexpr int WEIGHT_SIZE = TILE_CHANNELS * WEIGHT_ROW;
    static constexpr int SIZE = WEIGHT_SIZE + DEPTH * X_ROW;  // of a stage
    static constexpr int X_COPIES = TILE_PIXELS / X_WIDTH;    // a row
    static constexpr int X_ROWS = THREADS / X_COPIES;         // rows in one go
    static constexpr int WEIGHT_COPIES = DEPTH / WEIGHT_WIDTH;
    static constexpr int WEIGHT_ROWS = THREADS / WEIGHT_COPIES;
    static constexpr bool RAGGED = TILE_CHANNELS % WEIGHT_ROWS != 0;
    static_assert(DEPTH % X_ROWS == 0, "the threads must copy x in whole rows");

    T* ring;  // STAGES times SIZE numbers of shared memory
    const T *x, *weight, *x_from, *weight_from;
    int in_channels, pixels;
    int x_row, x_col, weight_row, weight_col;
    int x_left, weight_left, rows_left;  // input channels and rows from here on

    // A thread copies x in the same column, or four, all along the channels: the
    // division that finds the image is done once.
    __device__ __forceinline__ Tiles(
        T* ring, const T* x, const T* weight, int first_channel,
        unsigned first_column, unsigned columns, int in_channels, int out_channels,
        int pixels)
        : ring(ring), x(x), weight(weight), in_channels(in_channels),
          pixels(pixels) {
        const int thread = threadIdx.x;
        x_row = thread / X_COPIES;
        x_col = thread % X_COPIES * X_WIDTH;
        const bool inside = first_column + x_col < columns;
        const unsigned column = inside ? first_column + x_col : 0;
        const unsigned n = column / pixels, p = column - n * pixels;
        x_from = x + ((int64)n * in_channels + x_row) * pixels + p;
        x_left = inside ? in_channels - x_row : 0;

        weight_row = thread / WEIGHT_COPIES;
        weight_col = thread % WEIGHT_COPIES * WEIGHT_WIDTH;
        weight_from =
            weight + (int64)(first_channel + weight_row) * in_channels + weight_col;
        weight_left = in_channels - weight_col;
        rows_left = out_channels - first_channel - weight_row;
    }

    // Start the copies of the next DEPTH input channels, into a place in the ring.
    __device__ __forceinline__ void fetch(int stage) {
        T* const tile = ring + stage * SIZE;
        T* const weight_to = tile + weight_row * WEIGHT_ROW + weight_col;
        T* const x_to = tile + WEIGHT_SIZE + x_row * X_ROW + x_col;
#pragma unroll
        for (int i = 0; i < DEPTH; i += X_ROWS) {
            const bool exists = i < x_left;
            const T* from = exists ? x_from + (int64)i * pixels : x;
            copy_async<sizeof(T) * X_WIDTH, false>(x_to + i * X_ROW, from, exists);
        }
#pragma unroll
        for (int i = 0; i < TILE_CHANNELS; i += WEIGHT_ROWS) {
            if (RAGGED && weight_row + i >= TILE_CHANNELS) break;
            const bool exists = i < rows_left && weight_left > 0;
            const int64 further = (int64)i * in_channels;
            const T* from = exists ? weight_from + further : weight;
            copy_async<sizeof(T) * WEIGHT_WIDTH, true>(  // all blocks read it
                weight_to + i * WEIGHT_ROW, from, exists);
        }
        x_from += (int64)DEPTH * pixels;  // the pointers are carried along
        weight_from += DEPTH;
        x_left -= DEPTH;
        weight_left -= DEPTH;
    }
};
// --- end ---

// --- step: register_tile ---
// Register blocking in both directions, and all that a float32 kernel can do. Each
// thread computes THREAD_CHANNELS x 8 outputs.
//
// Why it helps, in four parts:
//   1. With 8 weights and 8 pixels at hand, a thread does 64 multiply-adds.
//   2. A float4 moves 16 bytes at once: a quarter of the instructions.
//   3. While the block computes with one tile, the next two are on their way.
//   4. One barrier a tile is left: nobody overwrites the tile that is being read.
//
// What it costs: up to 168 registers a thread, so that few threads fit on a
// multiprocessor; and tiles at the edge do work that is thrown away. That is why
// there are several sizes.
constexpr int DEPTH = 16;
constexpr int THREAD_PIXELS = 8;

template <int TILE_CHANNELS, int TILE_PIXELS, int THREAD_CHANNELS>
constexpr int THREADS_OF =
    TILE_CHANNELS / THREAD_CHANNELS * (TILE_PIXELS / THREAD_PIXELS);

template <int TILE_CHANNELS, int TILE_PIXELS, int THREAD_CHANNELS, int X_WIDTH,
          int WEIGHT_WIDTH, int THREADS = THREADS_OF<TILE_CHANNELS, TILE_PIXELS,
                                                     THREAD_CHANNELS>>
__global__ void
__launch_bounds__(THREADS, (383 + THREADS) / THREADS)  // so many blocks must fit
pointwise_register_tile(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    using Ring = Tiles<float, TILE_CHANNELS, TILE_PIXELS, DEPTH, THREADS, X_WIDTH,
                       WEIGHT_WIDTH>;
    constexpr int ACROSS = TILE_PIXELS / THREAD_PIXELS;  // threads side by side
    extern __shared__ __align__(16) float shared[];

    const int thread = threadIdx.x;
    const int channel_tiles = (out_channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * TILE_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * TILE_PIXELS;
    const unsigned columns = (unsigned)batch * pixels;  // below 2**31
    Ring tiles(shared, x, weight, first_channel, first_column, columns, in_channels,
               out_channels, pixels);

    // A thread's pixels are two groups of four, half a tile apart: the groups of
    // neighbouring threads then lie side by side, in shared memory and in y.
    const int row = thread / ACROSS * THREAD_CHANNELS;
    const int col = thread % ACROSS * 4;
    float sums[THREAD_CHANNELS][THREAD_PIXELS] = {};

    int buffer = 0;  // the place in the ring that is in use
#pragma unroll
    for (int stage = 0; stage < STAGES - 1; ++stage) {
        if (stage * DEPTH < in_channels) tiles.fetch(stage);
        commit_copies();
    }
    for (int c0 = 0; c0 < in_channels; c0 += DEPTH) {
        wait_for_copies<STAGES - 2>();  // this thread's share of the tile is there
        __syncthreads();  // all others' too, and the tile before is used up
        if (c0 + (STAGES - 1) * DEPTH < in_channels)
            tiles.fetch((buffer + STAGES - 1) % STAGES);
        commit_copies();  // even if empty: the wait counts groups

        const float* weight_tile =
            shared + buffer * Ring::SIZE + row * Ring::WEIGHT_ROW;
        const float* x_tile =
            shared + buffer * Ring::SIZE + Ring::WEIGHT_SIZE + col;
#pragma unroll
        for (int c = 0; c < DEPTH; c += 4) {
            float w[THREAD_CHANNELS][4];
#pragma unroll
            for (int i = 0; i < THREAD_CHANNELS; ++i)
#pragma unroll
                for (int k = 0; k < 4; ++k)
                    w[i][k] = weight_tile[i * Ring::WEIGHT_ROW + c + k];
#pragma unroll
            for (int k = 0; k < 4; ++k) {
                float v[THREAD_PIXELS];
#pragma unroll
                for (int j = 0; j < THREAD_PIXELS; ++j)
                    v[j] = x_tile[(c + k) * Ring::X_ROW +
                                  j / 4 * (TILE_PIXELS / 2) + j % 4];
#pragma unroll
                for (int i = 0; i < THREAD_CHANNELS; ++i)
#pragma unroll
                    for (int j = 0; j < THREAD_PIXELS; ++j)
                        sums[i][j] = fmaf(w[i][k], v[j], sums[i][j]);
            }
        }
        buffer = (buffer + 1) % STAGES;
    }

    float biases[THREAD_CHANNELS];
#pragma unroll
    for (int i = 0; i < THREAD_CHANNELS; ++i) {
        const int o = first_channel + row + i;
        biases[i] = o < out_channels ? value_or_zero(bias, o) : 0.0f;
    }
#pragma unroll
    for (int j = 0; j < THREAD_PIXELS; j += X_WIDTH) {
        const unsigned column =
            first_column + j / 4 * (TILE_PIXELS / 2) + col + j % 4;
        if (column >= columns) continue;
        const unsigned n = column / pixels, p = column - n * pixels;
#pragma unroll
        for (int i = 0; i < THREAD_CHANNELS; ++i) {
            const int o = first_channel + row + i;
            if (o >= out_channels) continue;
            const int64 at = ((int64)n * out_channels + o) * pixels + p;
            write<X_WIDTH>(&sums[i][j], biases[i], residual, y, at, low, high);
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
// takes time. The tiles travel as before, since the instruction takes them as they
// lie: the weight as [output channel][input channel], x as [input channel][column].
//
// What it costs: digits, which is why nobody gets it without asking. With PRODUCTS
// = 3 most of them come back: a float is cut into two numbers that a tensor core
// can multiply, and of the four products of two such pairs the three large ones are
// added. A block has four warps, each for a quarter of it.
#ifdef __CUDACC__
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

// The first 11 significant bits of a float, and what is left, of which the tensor
// core sees the next 11.
__device__ __forceinline__ void split(float value, unsigned& first,
                                      unsigned& left) {
    first = *reinterpret_cast<unsigned*>(&value) & 0xffffe000u;
    float difference = value - *reinterpret_cast<float*>(&first);
    left = *reinterpret_cast<unsigned*>(&difference);
}

// Write the sums of a block, two warps across. A thread holds two neighbouring
// columns in two rows of each small matrix; written from there, a warp would touch
// 8 rows at once, and 32 bytes of each. So 16 rows of each warp at a time go
// through shared memory, and from there to y along the rows.
template <int THREADS, int WIDTH, int DOWN, int ACROSS, class T>
__device__ __forceinline__ void write_tile(
    float* shared, const float (&sums)[DOWN][ACROSS][4], const T* bias,
    const T* residual, T* y, int first_channel, unsigned first_column,
    unsigned columns, int out_channels, int pixels, float low, float high) {
    constexpr int TILE_PIXELS = 2 * ACROSS * 8, ROW = TILE_PIXELS + 8;
    constexpr int WARPS_DOWN = THREADS / 64;
    constexpr int WRITERS = TILE_PIXELS / WIDTH;  // threads for a row
    const int thread = threadIdx.x;
    const int warp = thread / 32, place = thread % 32 / 4, rest = thread % 4;
    float* const to = shared + (warp % WARPS_DOWN * 16 + place) * ROW +
                      warp / WARPS_DOWN * (TILE_PIXELS / 2) + 2 * rest;

    const int col = thread % WRITERS * WIDTH;
    const unsigned column = first_column + col;
    const unsigned n = column / pixels, p = column - n * pixels;
#pragma unroll
    for (int i = 0; i < DOWN; ++i) {
        __syncthreads();  // what lay in shared memory is used up
#pragma unroll
        for (int j = 0; j < ACROSS; ++j)
#pragma unroll
            for (int k = 0; k < 4; k += 2)
                *reinterpret_cast<Pack<float, 2>*>(to + k * 4 * ROW + j * 8) = {
                    sums[i][j][k], sums[i][j][k + 1]};
        __syncthreads();  // the rows are complete
        if (column >= columns) continue;
#pragma unroll
        for (int row = 0; row < 16 * WARPS_DOWN; row += THREADS / WRITERS) {
            const int r = row + thread / WRITERS;
            const int o = first_channel + (r / 16 * DOWN + i) * 16 + r % 16;
            if (o >= out_channels) continue;
            const int64 at = ((int64)n * out_channels + o) * pixels + p;
            write<WIDTH>(shared + r * ROW + col, value_or_zero(bias, o), residual,
                         y, at, low, high);
        }
    }
}

template <int TILE_CHANNELS, int TILE_PIXELS, int X_WIDTH, int WEIGHT_WIDTH,
          int PRODUCTS>
__global__ void __launch_bounds__(128) pointwise_tensor_core(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    using Ring = Tiles<float, TILE_CHANNELS, TILE_PIXELS, DEPTH, 128, X_WIDTH,
                       WEIGHT_WIDTH>;  // with its rows, no two threads share a bank
    constexpr int WARP_CHANNELS = TILE_CHANNELS / 2, WARP_PIXELS = TILE_PIXELS / 2;
    constexpr int DOWN = WARP_CHANNELS / 16, ACROSS = WARP_PIXELS / 8;
    constexpr int WEIGHT_ROW = Ring::WEIGHT_ROW, X_ROW = Ring::X_ROW;
    extern __shared__ __align__(16) float shared[];

    const int thread = threadIdx.x;
    const int channel_tiles = (out_channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * TILE_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * TILE_PIXELS;
    const unsigned columns = (unsigned)batch * pixels;
    Ring tiles(shared, x, weight, first_channel, first_column, columns, in_channels,
               out_channels, pixels);

    // The instruction dictates which elements of the small matrices a thread holds:
    // rows by its place in the warp divided by 4, columns by the remainder.
    const int warp = thread / 32, place = thread % 32 / 4, rest = thread % 4;
    const int row = warp % 2 * WARP_CHANNELS, col = warp / 2 * WARP_PIXELS;
    float sums[DOWN][ACROSS][4] = {};

    int stage = 0;
#pragma unroll
    for (int ahead = 0; ahead < STAGES - 1; ++ahead) {
        if (ahead * DEPTH < in_channels) tiles.fetch(ahead);
        commit_copies();
    }
    for (int c0 = 0; c0 < in_channels; c0 += DEPTH) {
        wait_for_copies<STAGES - 2>();  // this thread's share of the tile is there
        __syncthreads();  // all others' too, and the tile before is used up
        if (c0 + (STAGES - 1) * DEPTH < in_channels)
            tiles.fetch((stage + STAGES - 1) % STAGES);
        commit_copies();  // even if empty: the wait counts groups

        const float* weight_tile = shared + stage * Ring::SIZE;
        const float* x_tile = weight_tile + Ring::WEIGHT_SIZE;
#pragma unroll
        for (int c = 0; c < DEPTH; c += 8) {
            unsigned a[DOWN][4], b[ACROSS][2], a_left[DOWN][4], b_left[ACROSS][2];
            const auto take = [](float value, unsigned& first, unsigned& left) {
                if constexpr (PRODUCTS == 3)
                    split(value, first, left);
                else
                    first = to_tf32(value);
            };
#pragma unroll
            for (int i = 0; i < DOWN; ++i) {
                const float* from =
                    weight_tile + (row + i * 16 + place) * WEIGHT_ROW + c + rest;
#pragma unroll
                for (int k = 0; k < 4; ++k)
                    take(from[k % 2 * 8 * WEIGHT_ROW + k / 2 * 4], a[i][k],
                         a_left[i][k]);
            }
#pragma unroll
            for (int j = 0; j < ACROSS; ++j) {
                const float* from =
                    x_tile + (c + rest) * X_ROW + col + j * 8 + place;
#pragma unroll
                for (int k = 0; k < 2; ++k)
                    take(from[k * 4 * X_ROW], b[j][k], b_left[j][k]);
            }
#pragma unroll
            for (int product = 0; product < PRODUCTS; ++product)
#pragma unroll
                for (int i = 0; i < DOWN; ++i)
#pragma unroll
                    for (int j = 0; j < ACROSS; ++j)
                        multiply_add(sums[i][j], product == 1 ? a_left[i] : a[i],
                                     product == 2 ? b_left[j] : b[j]);
        }
        stage = (stage + 1) % STAGES;
    }

    write_tile<128, X_WIDTH>(shared, sums, bias, residual, y, first_channel,
                             first_column, columns, out_channels, pixels, low,
                             high);
}
// --- end ---

// --- step: sixteen_bits ---
// Numbers of half the size. bfloat16 is the upper half of a float32: its range, and
// 8 significant bits. float16 has 11 of them, and ends at 65504. Products are exact
// and sums float32; only what is written is rounded.
//
// Why it helps: half the bytes, and the instruction takes 16 input channels.
//
// What it costs: digits. And a thread now holds pairs of numbers of neighbouring
// input channels, which lie a row apart in x: "ldmatrix" reads small matrices from
// shared memory, and can turn them on the way.
struct BFloat16 {
    unsigned short bits;
};
struct Float16 {
    unsigned short bits;
};
constexpr int HALF_DEPTH = 32;

#ifdef __CUDACC__
__device__ __forceinline__ float widen(BFloat16 value) {
    const unsigned bits = (unsigned)value.bits << 16;
    return *reinterpret_cast<const float*>(&bits);
}
__device__ __forceinline__ float widen(Float16 value) {
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
    return wide;
}
__device__ __forceinline__ void narrow(float value, BFloat16& to) {
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(value));
}
__device__ __forceinline__ void narrow(float value, Float16& to) {
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(to.bits) : "f"(value));
}

// Read four 8 x 8 matrices. Each thread gives where a row begins, threads 0 to 7
// those of the first matrix, and gets two neighbours of a row of each; if TURNED,
// of a column.
template <bool TURNED>
__device__ __forceinline__ void load_matrices(unsigned (&to)[4], const void* row) {
    const unsigned from = (unsigned)__cvta_generic_to_shared(row);
    if constexpr (TURNED)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 "
                     "{%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(from));
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
                     "{%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(from));
}

// sums += a * b, (16 x 16) * (16 x 8).
__device__ __forceinline__ void multiply_add(BFloat16, float (&sums)[4],
                                             const unsigned (&a)[4], unsigned b0,
                                             unsigned b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ __forceinline__ void multiply_add(Float16, float (&sums)[4],
                                             const unsigned (&a)[4], unsigned b0,
                                             unsigned b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#endif

template <class T, int TILE_CHANNELS, int TILE_PIXELS, int X_WIDTH,
          int WEIGHT_WIDTH, int THREADS = TILE_CHANNELS == 128 ? 256 : 128>
__global__ void __launch_bounds__(THREADS) pointwise_sixteen_bits(
    const T* __restrict__ x, const T* __restrict__ weight,
    const T* __restrict__ bias, const T* __restrict__ residual,
    T* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    using Ring = Tiles<T, TILE_CHANNELS, TILE_PIXELS, HALF_DEPTH, THREADS, X_WIDTH,
                       WEIGHT_WIDTH>;
    constexpr int WARPS_DOWN = THREADS / 64, WARP_PIXELS = TILE_PIXELS / 2;
    constexpr int WARP_CHANNELS = TILE_CHANNELS / WARPS_DOWN;
    constexpr int DOWN = WARP_CHANNELS / 16, ACROSS = WARP_PIXELS / 8;
    extern __shared__ __align__(16) float shared[];
    T* const ring = reinterpret_cast<T*>(shared);

    const int thread = threadIdx.x;
    const int channel_tiles = (out_channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * TILE_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * TILE_PIXELS;
    const unsigned columns = (unsigned)batch * pixels;
    Ring tiles(ring, x, weight, first_channel, first_column, columns, in_channels,
               out_channels, pixels);

    // Of 16 rows of a tile, each thread names one, and its left or right half.
    const int warp = thread / 32, named = thread % 16, side = thread % 32 / 16 * 8;
    const int row = warp % WARPS_DOWN * WARP_CHANNELS + named;
    const int col = warp / WARPS_DOWN * WARP_PIXELS + side;
    float sums[DOWN][ACROSS][4] = {};

    int stage = 0;
#pragma unroll
    for (int ahead = 0; ahead < STAGES - 1; ++ahead) {
        if (ahead * HALF_DEPTH < in_channels) tiles.fetch(ahead);
        commit_copies();
    }
    for (int c0 = 0; c0 < in_channels; c0 += HALF_DEPTH) {
        wait_for_copies<STAGES - 2>();  // this thread's share of the tile is there
        __syncthreads();  // all others' too, and the tile before is used up
        if (c0 + (STAGES - 1) * HALF_DEPTH < in_channels)
            tiles.fetch((stage + STAGES - 1) % STAGES);
        commit_copies();  // even if empty: the wait counts groups

        const T* weight_tile = ring + stage * Ring::SIZE;
        const T* x_tile = weight_tile + Ring::WEIGHT_SIZE;
#pragma unroll
        for (int c = 0; c < HALF_DEPTH; c += 16) {
            unsigned a[DOWN][4], b[ACROSS / 2][4];
#pragma unroll
            for (int i = 0; i < DOWN; ++i)
                load_matrices<false>(
                    a[i],
                    weight_tile + (row + i * 16) * Ring::WEIGHT_ROW + c + side);
#pragma unroll
            for (int j = 0; j < ACROSS / 2; ++j)
                load_matrices<true>(
                    b[j], x_tile + (c + named) * Ring::X_ROW + col + j * 16);
#pragma unroll
            for (int i = 0; i < DOWN; ++i)
#pragma unroll
                for (int j = 0; j < ACROSS; ++j)
                    multiply_add(T{}, sums[i][j], a[i], b[j / 2][j % 2 * 2],
                                 b[j / 2][j % 2 * 2 + 1]);
        }
        stage = (stage + 1) % STAGES;
    }
    write_tile<THREADS, X_WIDTH>(shared, sums, bias, residual, y, first_channel,
                                 first_column, columns, out_channels, pixels, low,
                                 high);
}
// --- end ---

// --- step: one_pixel ---
// Maps of one pixel: squeeze and excitation, and the classifier at the end of a
// network. Of a tile with 128 columns such a layer would fill one. An output is now
// the dot product of two rows, one of the weight and one of x, in which the
// channels of an image lie side by side. A warp computes it: each thread takes
// every 32nd product, or group of four, and five shuffles add up what the threads
// have.
//
// Why it helps: as many warps are at work as there are outputs. With IMAGES > 1 a
// weight is used for several images before it is let go.
//
// What it costs: the order of the sum, and so the last bits.
constexpr int DOT_WARPS = 4;  // output channels of a block

template <int WIDTH>
__device__ __forceinline__ void load(float (&to)[WIDTH], const float* from) {
    if constexpr (WIDTH == 4) {
        const float4 four = *reinterpret_cast<const float4*>(from);
        to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
    } else {
        to[0] = *from;
    }
}

template <int IMAGES, int WIDTH>
__global__ void __launch_bounds__(DOT_WARPS * 32) pointwise_one_pixel(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int groups = (out_channels + DOT_WARPS - 1) / DOT_WARPS;
    const int o = blockIdx.x % groups * DOT_WARPS + warp;
    const int first_image = blockIdx.x / groups * IMAGES;
    if (o >= out_channels) return;  // with the whole warp

    float sums[IMAGES] = {};
    const float* weight_row = weight + (int64)o * in_channels;
#pragma unroll 4
    for (int c = lane * WIDTH; c < in_channels; c += 32 * WIDTH) {
        float w[WIDTH], v[WIDTH];
        load(w, weight_row + c);
#pragma unroll
        for (int i = 0; i < IMAGES; ++i) {
            const int n = first_image + i < batch ? first_image + i : batch - 1;
            load(v, x + (int64)n * in_channels + c);
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) sums[i] = fmaf(w[k], v[k], sums[i]);
        }
    }
#pragma unroll
    for (int i = 0; i < IMAGES; ++i)
#pragma unroll
        for (int half = 16; half > 0; half /= 2)  // all threads end with the sum
            sums[i] += __shfl_xor_sync(0xffffffffu, sums[i], half);

    if (lane > 0) return;
#pragma unroll
    for (int i = 0; i < IMAGES; ++i) {
        if (first_image + i >= batch) break;
        const int64 at = (int64)(first_image + i) * out_channels + o;
        y[at] = finish(sums[i], value_or_zero(bias, o), value_or_zero(residual, at),
                       low, high);
    }
}
// --- end ---

// --- step: split_k ---
// Few columns: a batch of one, small maps. There are then fewer tiles than
// processors, and each block goes through all input channels while others have
// nothing to do. So the tile is made small, and the sum itself is dealt out, to the
// warps of a block: each of the 16 takes every 16th group of four input channels,
// and at the end they add up in shared memory. (K is the length of the sum in a
// matrix product. CUTLASS calls this "sliced-K", and "split-K" what is dealt out to
// several blocks.)
//
// Why it helps: sixteen warps wait for memory at the same time, not one after
// another.
//
// What it costs: each float is used less often than in a large tile; and the order
// of the sum, and so the last bits.
constexpr int SPLIT_CHANNELS = 8, SPLIT_COLUMNS = 64, SPLIT_WARPS = 16;

extern "C" __global__ void __launch_bounds__(SPLIT_WARPS * 32, 1) pointwise_split_k(
    const float* __restrict__ x, const float* __restrict__ weight,
    const float* __restrict__ bias, const float* __restrict__ residual,
    float* __restrict__ y, int batch, int in_channels, int out_channels,
    int pixels, float low, float high) {
    __shared__ float parts[SPLIT_WARPS][SPLIT_CHANNELS][SPLIT_COLUMNS];

    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int channel_tiles = (out_channels + SPLIT_CHANNELS - 1) / SPLIT_CHANNELS;
    const int first_channel = blockIdx.x % channel_tiles * SPLIT_CHANNELS;
    const unsigned first_column = blockIdx.x / channel_tiles * SPLIT_COLUMNS;
    const unsigned columns = (unsigned)batch * pixels;

    const float* x_column[2];  // a thread has two columns, half a tile apart
#pragma unroll
    for (int j = 0; j < 2; ++j) {
        const unsigned column = first_column + lane + 32 * j;
        const unsigned inside = column < columns ? column : 0;
        const unsigned n = inside / pixels, p = inside - n * pixels;
        x_column[j] = x + (int64)n * in_channels * pixels + p;
    }

    float sums[SPLIT_CHANNELS][2] = {};
#pragma unroll 2
    for (int c = warp * 4; c < in_channels; c += SPLIT_WARPS * 4) {
        float v[4][2];
#pragma unroll
        for (int k = 0; k < 4; ++k)
#pragma unroll
            for (int j = 0; j < 2; ++j)
                v[k][j] = x_column[j][(int64)(c + k) * pixels];
#pragma unroll
        for (int i = 0; i < SPLIT_CHANNELS; ++i) {
            const int last = out_channels - 1;  // beyond it, anything will do
            const int o = first_channel + i < last ? first_channel + i : last;
            float w[4];
            load(w, weight + (int64)o * in_channels + c);
#pragma unroll
            for (int k = 0; k < 4; ++k)
#pragma unroll
                for (int j = 0; j < 2; ++j)
                    sums[i][j] = fmaf(w[k], v[k][j], sums[i][j]);
        }
    }
#pragma unroll
    for (int i = 0; i < SPLIT_CHANNELS; ++i)
#pragma unroll
        for (int j = 0; j < 2; ++j) parts[warp][i][lane + 32 * j] = sums[i][j];
    __syncthreads();  // the parts are complete

    // There are as many threads as outputs: each adds up one.
    const int row = threadIdx.x / SPLIT_COLUMNS, col = threadIdx.x % SPLIT_COLUMNS;
    float sum = 0.0f;
#pragma unroll
    for (int w = 0; w < SPLIT_WARPS; ++w) sum += parts[w][row][col];

    const int o = first_channel + row;
    const unsigned column = first_column + col;
    if (o >= out_channels || column >= columns) return;
    const unsigned n = column / pixels, p = column - n * pixels;
    const int64 at = ((int64)n * out_channels + o) * pixels + p;
    y[at] = finish(sum, value_or_zero(bias, o), value_or_zero(residual, at), low,
                   high);
}
// --- end ---
