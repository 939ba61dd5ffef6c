// Call a kernel as a GPU's driver does: sizes, and one pointer to each argument.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include "block.h"

namespace emulator {

template <class T>
constexpr char letter() {
    constexpr bool pointer = std::is_pointer_v<T>, half = sizeof(std::remove_pointer_t<T>) == 2;
    return pointer && std::is_const_v<std::remove_pointer_t<T>> ? half ? 'R' : 'r'  // reads
         : pointer                         ? half ? 'W' : 'w'                      // writes
         : std::is_same_v<T, int>          ? 'i'
         : std::is_same_v<T, float>        ? 'f'
                                           : '?';
}

template <auto KERNEL>
struct Call;

template <class... Arguments, void (*KERNEL)(Arguments...)>
struct Call<KERNEL> {
    using Element = std::remove_cv_t<std::remove_pointer_t<std::tuple_element_t<0, std::tuple<Arguments...>>>>;
    template <size_t... I>
    static void unpack(void** values, std::index_sequence<I...>) {
        KERNEL(*static_cast<std::remove_reference_t<Arguments>*>(values[I])...);
    }
    static void run(void** values) { unpack(values, std::index_sequence_for<Arguments...>()); }
    static constexpr char signature[] = {letter<Arguments>()..., 0};
};

}  // namespace emulator

#define EXPORT extern "C" __attribute__((visibility("default")))

// What the arrays hold; and what Python calls: a launch, which returns null or an error, and a letter for each argument's type.
#define EMULATE(...)                                                                    \
    using Element = emulator::Call<&__VA_ARGS__>::Element;                              \
    EXPORT const char* emulated_launch(const Launch* launch, void** values) {           \
        return emulator::run(*launch, emulator::Call<&__VA_ARGS__>::run, values);       \
    }                                                                                   \
    EXPORT const char* emulated_signature() { return emulator::Call<&__VA_ARGS__>::signature; }
