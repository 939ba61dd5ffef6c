// The threads of a block, as they see themselves: they run, they wait, they end.
#pragma once

#include <cstdio>

#include "cuda.h"
#include "fibers.h"

// What the Python side hands over, field by field.
struct Launch {
    unsigned grid[3], block[3];
    unsigned shared_memory;  // bytes
    int order;               // of the threads, see below
    unsigned seed;           // of the shuffling
    int early_copies;        // background copies: 0 land as late as allowed, 1 at once
    long long first_block, last_block;  // the blocks to run; last excluded
};

namespace emulator {

enum Order { FORWARD, REVERSED, INTERLEAVED, SHUFFLED };
enum class State { READY, AT_BARRIER, AT_WARP, DONE };

struct Copy {
    void* to;
    const void* from;
    int bytes;
    bool exists;
    unsigned group;
};

constexpr unsigned WARP = 32, MOST_THREADS = 1024, MOST_COPIES = 512;

struct Thread {
    Fiber fiber;
    uint3 index;
    State state = State::READY;
    int line = 0;           // of the barrier where it waits
    unsigned barriers = 0;  // passed
    Copy copies[MOST_COPIES];  // still under way, the oldest first
    unsigned under_way = 0;
    unsigned groups = 0;  // of copies, committed
    void (*together)(Thread* warp) = nullptr;  // what it waits for with its warp
    float* sums = nullptr;  // the operands of multiply_add
    const unsigned *a = nullptr, *b = nullptr;
    float value = 0;  // those of a shuffle: what this thread gives, and from whom it takes
    unsigned partner = 0;
    unsigned short matrix_row[8] = {};  // those of load_matrices: the row it has read, and where to put its share
    unsigned* loaded = nullptr;
};

inline Thread threads[MOST_THREADS];  // their stacks are kept from block to block
inline Thread* current = nullptr;
inline Fiber scheduler;
inline const Launch* launch = nullptr;
inline void (*kernel)(void**) = nullptr;
inline void** arguments = nullptr;
inline unsigned running = 0;  // threads of the block that haven't returned
inline unsigned long long random_state = 0;
inline char error[200];
inline char started, barrier_passed[2], finished;  // what sanitizers see of the order

inline void wait_as(State state) {
    current->state = state;
    go(current->fiber, scheduler, state == State::DONE);
}

// Stop the launch with a message; of printf's form.
template <class... Values>
void fail(const char* format, Values... values) {
    if (!error[0]) snprintf(error, sizeof error, format, values...);
    wait_as(State::DONE);
}

// Wait until all threads of the warp call the same operation, which then does the work of all.
inline void meet(void (*operation)(Thread* warp)) {
    current->together = operation;
    wait_as(State::AT_WARP);
}

inline void wait_for_block(int line) {
    char* token = &barrier_passed[current->barriers++ % 2];
    current->line = line;
    release(token);
    wait_as(State::AT_BARRIER);
    acquire(token);
}

inline void thread_main() {
    arrive(scheduler);
    acquire(&started);
    kernel(arguments);
    release(&finished);
    wait_as(State::DONE);
}

}  // namespace emulator
