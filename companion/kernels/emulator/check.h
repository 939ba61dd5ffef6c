// A program around one kernel, for sanitizers: arrays of exactly the right size, one launch, and the
// comparison with a sum in double.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "call.h"

// Numbers in [-1, 1) of a fixed sequence.
inline std::vector<Element> some_numbers(size_t size) {
    static unsigned state = 1;
    std::vector<Element> numbers(size);
    for (Element& number : numbers) {
        state = state * 1664525u + 1013904223u;
        narrow(float(state >> 8) / (1 << 23) - 1.0f, number);
    }
    return numbers;
}

// The arguments: the fields of Launch in their order (the last block being that of the grid), batch,
// in_channels, out_channels, pixels. It prints the largest error, relative to the sum of absolute products.
int main(int count, char** words) {
    long long numbers[15];
    if (count != 16) return fprintf(stderr, "15 numbers wanted, got %d\n", count - 1), 4;
    for (int i = 0; i < 15; ++i) numbers[i] = atoll(words[i + 1]);
    const auto u = [&](int i) { return unsigned(numbers[i]); };
    const Launch launch{{u(0), u(1), u(2)}, {u(3), u(4), u(5)}, u(6), int(u(7)), u(8), int(u(9)), 0, numbers[10]};
    int batch = u(11), in_channels = u(12), out_channels = u(13), pixels = u(14);
    float low = 0.0f, high = 6.0f;

    std::vector<Element> x = some_numbers(size_t(batch) * in_channels * pixels);
    std::vector<Element> weight = some_numbers(size_t(out_channels) * in_channels);
    std::vector<Element> bias = some_numbers(out_channels);
    std::vector<Element> residual = some_numbers(size_t(batch) * out_channels * pixels);
    std::vector<Element> y(residual.size());
    const Element* inputs[] = {x.data(), weight.data(), bias.data(), residual.data()};
    Element* output = y.data();
    void* values[] = {&inputs[0], &inputs[1], &inputs[2], &inputs[3], &output, &batch,
                      &in_channels, &out_channels, &pixels, &low, &high};
    if (const char* error = emulated_launch(&launch, values)) return fprintf(stderr, "%s\n", error), 3;

    double worst = 0;
    for (int n = 0; n < batch; ++n)
        for (int o = 0; o < out_channels; ++o)
            for (int p = 0; p < pixels; ++p) {
                const size_t at = (size_t(n) * out_channels + o) * pixels + p;
                const double first = widen(bias[o]), second = widen(residual[at]);
                double sum = first + second, scale = __builtin_fabs(first) + __builtin_fabs(second);
                for (int c = 0; c < in_channels; ++c) {
                    const double product =
                        double(widen(weight[size_t(o) * in_channels + c])) *
                        widen(x[(size_t(n) * in_channels + c) * pixels + p]);
                    sum += product;
                    scale += __builtin_fabs(product);
                }
                const double wanted = sum < low ? low : sum > high ? high : sum;
                const double error = __builtin_fabs(widen(y[at]) - wanted) / scale;
                if (!(error <= worst)) worst = error;  // a NaN is the worst of all
            }
    printf("%g\n", worst);
    return 0;
}
