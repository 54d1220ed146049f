// Products of integers by every set of kernels this processor has, on random shapes, against sums of one product after another.
#include "IntegerKernels.h"
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Rows of `taps` pieces of `channels` bytes, somewhere in `bytes`.
static StriateIntegerRows rows_of(long count, long taps, long channels, uint8_t *bytes, long size, ptrdiff_t *offsets) {
    long padded = (channels + 15) / 16 * 16;
    for (long i = 0; i < size; i++) bytes[i] = (uint8_t)next();
    for (long i = 0; i < count * taps; i++) offsets[i] = between(0, size - padded);
    return (StriateIntegerRows){bytes, offsets, count, taps, channels};
}

enum { MOST = 1 << 16 };
static uint8_t bytes[MOST];
static ptrdiff_t offsets[MOST];
static int8_t weights[1 << 20];
static int16_t pairs[1 << 20];
static int32_t bias[1024], found[MOST], wanted[MOST];
static float ones[1024], zeros[1024];

static StriateIntegerResult sums_of(long outputs) {
    StriateIntegerResult result = {.form = striate_sums, .outputs = outputs, .bias = bias, .scale = ones, .addend = zeros,
                                   .result = found, .row = outputs, .row_scales = ones};
    return result;
}

static long compare(long count) {
    long wrong = 0;
    for (long i = 0; i < count; i++) wrong += found[i] != wanted[i];
    return wrong;
}

static long matrices(const StriateIntegerKernels *kernels) {
    long count = between(1, 23), taps = between(1, 9), channels = between(1, 40), outputs = between(1, 80);
    long quads = (channels + 3) / 4, blocks = (outputs + 15) / 16;
    StriateIntegerRows rows = rows_of(count, taps, channels, bytes, MOST, offsets);
    memset(weights, 0, (size_t)(blocks * taps * quads * 64));
    for (long n = 0; n < outputs; n++) bias[n] = (int32_t)between(-100000, 100000);
    for (long n = 0; n < outputs; n++)
        for (long t = 0; t < taps; t++)
            for (long c = 0; c < channels; c++)
                weights[((n / 16 * taps + t) * quads + c / 4) * 64 + n % 16 * 4 + c % 4] = (int8_t)next();
    for (long r = 0; r < count; r++)
        for (long n = 0; n < outputs; n++) {
            int32_t sum = bias[n];
            for (long t = 0; t < taps; t++)
                for (long c = 0; c < channels; c++)
                    sum += bytes[offsets[r * taps + t] + c]
                         * weights[((n / 16 * taps + t) * quads + c / 4) * 64 + n % 16 * 4 + c % 4];
            wanted[r * outputs + n] = sum;
        }
    StriateIntegerResult result = sums_of(outputs);
    kernels->multiply(&rows, weights, &result);
    return compare(count * outputs);
}

static long channelwise(const StriateIntegerKernels *kernels) {
    long count = between(1, 23), taps = between(1, 9), channels = between(1, 80);
    long blocks = (channels + 15) / 16, halves = (taps + 1) / 2;
    StriateIntegerRows rows = rows_of(count, taps, channels, bytes, MOST, offsets);
    memset(pairs, 0, sizeof(int16_t) * (size_t)(blocks * halves * 32));
    for (long c = 0; c < channels; c++) bias[c] = (int32_t)between(-100000, 100000);
    for (long c = 0; c < channels; c++)
        for (long t = 0; t < taps; t++)
            pairs[(c / 16 * halves + t / 2) * 32 + c % 16 * 2 + t % 2] = (int16_t)between(-255, 255);
    for (long r = 0; r < count; r++)
        for (long c = 0; c < channels; c++) {
            int32_t sum = bias[c];
            for (long t = 0; t < taps; t++)
                sum += bytes[offsets[r * taps + t] + c] * pairs[(c / 16 * halves + t / 2) * 32 + c % 16 * 2 + t % 2];
            wanted[r * channels + c] = sum;
        }
    StriateIntegerResult result = sums_of(channels);
    kernels->multiply_channels(&rows, pairs, &result);
    return compare(count * channels);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const char *names[] = {"baseline", "dotprod", "i8mm"};
    long failures = 0;
    for (int i = 0; i < 3; i++) {
        const StriateIntegerKernels *kernels = striate_integer_kernels(names[i]);
        if (!kernels || strcmp(kernels->name, names[i])) {
            printf("integers, %s: this processor lacks it\n", names[i]);
            failures += 1;
            continue;
        }
        long wrong = 0;
        seed_state = seed;
        for (int round = 0; round < 200; round++) wrong += matrices(kernels) + channelwise(kernels);
        printf("integers, %s: 400 cases, %ld wrong, seed %llu\n", names[i], wrong, (unsigned long long)seed);
        failures += wrong;
    }
    return failures != 0;
}
