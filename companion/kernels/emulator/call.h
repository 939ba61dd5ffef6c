// Call a kernel as a GPU's driver does: sizes, and one pointer to each argument.
#pragma once

#include <type_traits>
#include <utility>

#include "block.h"

namespace emulator {

template <class T>
constexpr char letter() {
    return std::is_same_v<T, const float*> ? 'r'  // reads
         : std::is_same_v<T, float*>       ? 'w'  // writes
         : std::is_same_v<T, int>          ? 'i'
         : std::is_same_v<T, float>        ? 'f'
                                           : '?';
}

template <auto KERNEL>
struct Call;

template <class... Arguments, void (*KERNEL)(Arguments...)>
struct Call<KERNEL> {
    template <size_t... I>
    static void unpack(void** values, std::index_sequence<I...>) {
        KERNEL(*static_cast<std::remove_reference_t<Arguments>*>(values[I])...);
    }
    static void run(void** values) { unpack(values, std::index_sequence_for<Arguments...>()); }
    static constexpr char signature[] = {letter<Arguments>()..., 0};
};

}  // namespace emulator

#define EXPORT extern "C" __attribute__((visibility("default")))

// What Python calls: a launch, which returns null or an error, and a letter for each argument's type.
#define EMULATE(...)                                                                    \
    EXPORT const char* emulated_launch(const Launch* launch, void** values) {           \
        return emulator::run(*launch, emulator::Call<&__VA_ARGS__>::run, values);       \
    }                                                                                   \
    EXPORT const char* emulated_signature() { return emulator::Call<&__VA_ARGS__>::signature; }
