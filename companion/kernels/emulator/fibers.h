// Fibers: functions that stop in the middle, and go on when told to. A CUDA thread is one of them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#ifndef __x86_64__
#define EMULATOR_UCONTEXT 1  // portable, and about ten times slower
#endif
#ifdef EMULATOR_UCONTEXT
#include <ucontext.h>
#endif
#ifdef EMULATOR_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif
#ifdef EMULATOR_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// The switch itself must not be watched by the sanitizers: they are told of it instead.
#define UNWATCHED __attribute__((no_sanitize("thread", "address"), noinline))

namespace emulator {

constexpr size_t PAGE = 4096, STACK = 16 * PAGE;

#ifdef EMULATOR_UCONTEXT
using Context = ucontext_t;
UNWATCHED inline void switch_context(Context& from, Context& to) { swapcontext(&from, &to); }
#else
struct Context {
    void* stack_pointer = nullptr;
};
// Save the registers that a function must keep, change stacks, and take them from there.
extern "C" void emulator_switch(void** save, void* load);
asm(R"(
    .text
    .weak emulator_switch
    .hidden emulator_switch
    .type emulator_switch, @function
emulator_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");
UNWATCHED inline void switch_context(Context& from, Context& to) {
    emulator_switch(&from.stack_pointer, to.stack_pointer);
}
#endif

struct Fiber {
    Context context;
    const void* stack = nullptr;  // its lowest byte
    size_t stack_size = 0;
    void* watched = nullptr;     // ThreadSanitizer's name for it
    void* fake_stack = nullptr;  // AddressSanitizer's
};

// Prepare a fiber to start at `entry`, on a stack of its own above a page that nobody may touch.
UNWATCHED inline void prepare(Fiber& fiber, void (*entry)()) {
    if (!fiber.stack) {
        void* memory = mmap(nullptr, PAGE + STACK, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) abort();
        mprotect(memory, PAGE, PROT_NONE);
        fiber.stack = static_cast<char*>(memory) + PAGE;
        fiber.stack_size = STACK;
#ifdef EMULATOR_THREAD_SANITIZER
        fiber.watched = __tsan_create_fiber(0);
#endif
    }
#ifdef EMULATOR_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(fiber.stack, STACK);  // the frames of the last block
#endif
    char* stack = static_cast<char*>(const_cast<void*>(fiber.stack));
#ifdef EMULATOR_UCONTEXT
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stack;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, entry, 0);
#else
    void** top = reinterpret_cast<void**>(stack + STACK - 64);
    *--top = nullptr;                         // where entry would return to, if it did
    *--top = reinterpret_cast<void*>(entry);  // where "ret" goes
    for (int i = 0; i < 6; ++i) *--top = nullptr;  // the six registers
    fiber.context.stack_pointer = top;
#endif
}

// Give the stack back. A process may have some ten thousand mappings, and each library has stacks of its own.
UNWATCHED inline void release_stack(Fiber& fiber) {
    if (!fiber.stack) return;
    munmap(static_cast<char*>(const_cast<void*>(fiber.stack)) - PAGE, PAGE + STACK);
#ifdef EMULATOR_THREAD_SANITIZER
    __tsan_destroy_fiber(fiber.watched);
#endif
    fiber = Fiber{};
}

// Leave one fiber and go on with another. `ends` says that the first never comes back.
UNWATCHED inline void go(Fiber& from, Fiber& to, bool ends = false) {
#ifdef EMULATOR_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(ends ? nullptr : &from.fake_stack, to.stack, to.stack_size);
#endif
#ifdef EMULATOR_THREAD_SANITIZER
    __tsan_switch_to_fiber(to.watched, __tsan_switch_to_fiber_no_sync);
#endif
    (void)ends;
    switch_context(from.context, to.context);
#ifdef EMULATOR_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

// What a fiber must do first when it is entered; `from` is the one that entered it.
UNWATCHED inline void arrive(Fiber& from) {
#ifdef EMULATOR_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &from.stack, &from.stack_size);
#endif
    (void)from;
}

// What happened before a release has happened before the acquire of the same token. ThreadSanitizer
// knows of no other order between the fibers.
UNWATCHED inline void release(char* token) {
#ifdef EMULATOR_THREAD_SANITIZER
    __tsan_release(token);
#endif
    (void)token;
}
UNWATCHED inline void acquire(char* token) {
#ifdef EMULATOR_THREAD_SANITIZER
    __tsan_acquire(token);
#endif
    (void)token;
}

}  // namespace emulator
