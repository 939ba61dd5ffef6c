// Run the blocks of a launch one after the other, and the threads of a block in turns: each runs
// until it waits for others. So a missing barrier shows every time, not once in a while.
#pragma once

#include "shared_memory.h"
#include "threads.h"

namespace emulator {

// Let a warp go on that waits with all its threads for an operation of the whole warp.
UNWATCHED inline bool meet_if_complete(Thread* warp, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
        if (warp[i].state != State::AT_WARP) return false;
    bool same = true;
    for (unsigned i = 0; i < size; ++i) same &= warp[i].together == warp[0].together;
    if (size < WARP)
        snprintf(error, sizeof error, "a whole warp is needed, and the last one has %u threads", size);
    else if (!same)
        snprintf(error, sizeof error, "the threads of a warp wait for two different operations");
    else
        warp[0].together(warp);
    for (unsigned i = 0; i < size; ++i) warp[i].state = State::READY;
    return true;
}

// Let one thread run until it waits. Return whether it could.
UNWATCHED inline bool run_thread(Thread& thread) {
    if (thread.state != State::READY || error[0]) return false;
    current = &thread;
    threadIdx = thread.index;
    go(scheduler, thread.fiber);
    running -= thread.state == State::DONE;
    return true;
}

UNWATCHED inline unsigned random_below(unsigned limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

UNWATCHED inline void set_order(unsigned* order, unsigned size) {
    for (unsigned i = 0; i < size; ++i) order[i] = launch->order == REVERSED ? size - 1 - i : i;
    if (launch->order != SHUFFLED) return;
    for (unsigned i = size; i > 1; --i) {
        const unsigned j = random_below(i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

// Let the threads of one warp run until each waits. Return whether any could.
UNWATCHED inline bool run_warp(Thread* warp, unsigned size) {
    unsigned order[WARP];
    set_order(order, size);
    bool moved = false;
    for (unsigned i = 0; i < size; ++i) moved |= run_thread(warp[order[i]]);
    return meet_if_complete(warp, size) || moved;
}

// Give all threads a turn. A warp may run far ahead of the others (forward, reversed), some way ahead
// (shuffled), or not at all (interleaved). Return whether anyone moved.
UNWATCHED inline bool run_turn(unsigned size) {
    const unsigned warps = (size + WARP - 1) / WARP;
    const auto size_of = [&](unsigned w) { return size - w * WARP < WARP ? size - w * WARP : WARP; };
    bool moved = false;
    if (launch->order == INTERLEAVED) {
        for (unsigned i = 0; i < WARP; ++i)
            for (unsigned w = 0; w < warps; ++w)
                if (i < size_of(w)) moved |= run_thread(threads[w * WARP + i]);
        for (unsigned w = 0; w < warps; ++w) moved |= meet_if_complete(threads + w * WARP, size_of(w));
        return moved;
    }
    unsigned order[WARP];
    set_order(order, warps);
    for (unsigned i = 0; i < warps; ++i)
        while (run_warp(threads + order[i] * WARP, size_of(order[i]))) {
            moved = true;
            if (launch->order == SHUFFLED && random_below(4) == 0) break;
        }
    return moved;
}

// Open a barrier that all threads have reached. Return whether there was one.
UNWATCHED inline bool open_barrier(unsigned size) {
    unsigned waiting = 0;
    const Thread *one = nullptr, *other = nullptr;  // two that wait in different lines
    for (unsigned i = 0; i < size; ++i) {
        if (threads[i].state != State::AT_BARRIER) continue;
        ++waiting;
        if (!one) one = &threads[i];
        if (threads[i].line != one->line) other = &threads[i];
    }
    if (!waiting || waiting < running) return false;
    if (running < size)
        snprintf(error, sizeof error, "__syncthreads in line %d: %u of %u threads had returned before",
                 one->line, size - running, size);
    else if (other)
        snprintf(error, sizeof error, "threads of one block wait at two __syncthreads, in lines %d and %d",
                 one->line, other->line);
    else
        for (unsigned i = 0; i < size; ++i) threads[i].state = State::READY;
    return true;
}

UNWATCHED inline void run_block(unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
        prepare(threads[i].fiber, thread_main);
        threads[i].state = State::READY;
        threads[i].under_way = threads[i].groups = 0;
    }
    running = size;
    release(&started);
    while (running && !error[0]) {
        const bool moved = run_turn(size);
        if (!error[0] && running && !open_barrier(size) && !moved)
            snprintf(error, sizeof error, "the block hangs: some of its threads wait for others that never come");
    }
    acquire(&finished);
}

inline const char* run(const Launch& wanted, void (*function)(void**), void** values) {
    const unsigned *g = wanted.grid, *b = wanted.block;
    const unsigned long long size = 1ull * b[0] * b[1] * b[2];
    error[0] = 0;
    if (!g[0] || !g[1] || !g[2] || g[0] > 0x7fffffff || g[1] > 65535 || g[2] > 65535 || !size ||
        b[0] > MOST_THREADS || b[1] > MOST_THREADS || b[2] > 64 || size > MOST_THREADS ||
        wanted.shared_memory > sizeof shared) {
        snprintf(error, sizeof error, "grid (%u, %u, %u), block (%u, %u, %u) and %u bytes of shared memory: "
                 "no GPU can launch this", g[0], g[1], g[2], b[0], b[1], b[2], wanted.shared_memory);
        return error;
    }
    launch = &wanted;
    kernel = function;
    arguments = values;
    gridDim = {g[0], g[1], g[2]};
    blockDim = {b[0], b[1], b[2]};
    const Bytes shared_arrays = find_shared_arrays();
#ifdef EMULATOR_THREAD_SANITIZER
    scheduler.watched = __tsan_get_current_fiber();
#endif
    for (unsigned i = 0; i < size; ++i) threads[i].index = {i % b[0], i / b[0] % b[1], i / (b[0] * b[1])};
    random_state = wanted.seed;
    for (long long block = wanted.first_block; block < wanted.last_block && !error[0]; ++block) {
        blockIdx = {unsigned(block % g[0]), unsigned(block / g[0] % g[1]), unsigned(block / g[0] / g[1])};
        fill_shared_memory(shared_arrays, wanted.shared_memory);
        run_block(size);
        if (!error[0] && !kept_to_shared_memory(wanted.shared_memory))
            snprintf(error, sizeof error, "block %lld writes beyond its %u bytes of shared memory", block,
                     wanted.shared_memory);
    }
    for (unsigned i = 0; i < size; ++i) release_stack(threads[i].fiber);
    return error[0] ? error : nullptr;
}

}  // namespace emulator
