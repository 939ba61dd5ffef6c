// Call a kernel as a GPU's driver does: sizes, and one pointer to each argument.
#pragma once

#include "block.h"

namespace emulator {

// A letter for each type of an argument; small for a pointer that is read from, large for one that is written to.
template <class T>
constexpr char LETTER = '?';
template <>
inline constexpr char LETTER<int> = 'i';
template <>
inline constexpr char LETTER<float> = 'f';
template <>
inline constexpr char LETTER<const float*> = 'p';
template <>
inline constexpr char LETTER<float*> = 'P';
template <>
inline constexpr char LETTER<const BFloat16*> = 'b';
template <>
inline constexpr char LETTER<BFloat16*> = 'B';
template <>
inline constexpr char LETTER<const Float16*> = 'h';
template <>
inline constexpr char LETTER<Float16*> = 'H';

template <auto KERNEL>
struct Call;

template <class First, class... Others, void (*KERNEL)(const First*, Others...)>
struct Call<KERNEL> {
    using Element = First;
    struct Now {
        Now(const First* first, Others... others) { KERNEL(first, others...); }
    };
    template <class T>
    static T next(void**& values) {
        return *static_cast<T*>(*values++);
    }
    static void run(void** values) { Now{next<const First*>(values), next<Others>(values)...}; }  // braces: in order
    static constexpr char signature[] = {LETTER<const First*>, LETTER<Others>..., 0};
};

}  // namespace emulator

#define EXPORT extern "C" __attribute__((visibility("default")))

// What the arrays hold; and what Python calls: a launch, which returns null or an error, and the arguments' letters.
#define EMULATE(...)                                                                    \
    using Element = emulator::Call<&__VA_ARGS__>::Element;                              \
    EXPORT const char* emulated_launch(const Launch* launch, void** values) {           \
        return emulator::run(*launch, emulator::Call<&__VA_ARGS__>::run, values);       \
    }                                                                                   \
    EXPORT const char* emulated_signature() { return emulator::Call<&__VA_ARGS__>::signature; }
