// G g Gt of Winograd's minimal filtering: vectors of doubles, to which Swift's would convert one number at a time.
//
// Static, so that every kernel module has its own, compiled for its own processor. Multiplications and additions are
// never fused, so that all have the same bits.
#pragma once

#pragma clang assume_nonnull begin

typedef double striate_double8 __attribute__((vector_size(64), aligned(8)));
typedef float striate_packed8 __attribute__((vector_size(32), aligned(4)));

/// G times a column g of three numbers: interpolation points 0, 1, -1, infinity for size 2, and 2, -2 too for size 4.
///
/// Each product is computed once: rows of G differ in signs, which are exact.
static inline __attribute__((always_inline)) void striate_winograd_line(
    long size, const striate_double8 *g, striate_double8 *line) {
#pragma clang fp contract(off)
    if (size == 2) {
        striate_double8 a = g[0] * 0.5, b = g[1] * 0.5, c = g[2] * 0.5;
        line[0] = g[0];
        line[1] = a + b + c;
        line[2] = a - b + c;
        line[3] = g[2];
    } else {
        striate_double8 a = g[0] * (1.0 / 6), b = g[1] * (1.0 / 6), c = g[2] * (1.0 / 6);
        striate_double8 d = g[0] * (1.0 / 24), e = g[1] * (1.0 / 12);
        line[0] = g[0] * 0.25;
        line[1] = -a - b - c;
        line[2] = b - a - c;
        line[3] = d + e + c;
        line[4] = d - e + c;
        line[5] = g[2];
    }
}

static inline __attribute__((always_inline)) void striate_winograd_kernels8(
    long size, long side, const float *taps, float *values) {
    striate_double8 column[3], line[6], half[18];
    for (long j = 0; j < 3; j++) {
        for (long i = 0; i < 3; i++) {
            column[i] = __builtin_convertvector(*(const striate_packed8 *)(taps + (i * 3 + j) * 16), striate_double8);
        }
        striate_winograd_line(size, column, line);
        for (long i = 0; i < side; i++) half[i * 3 + j] = line[i];
    }
    for (long i = 0; i < side; i++) {
        striate_winograd_line(size, half + i * 3, line);
        for (long j = 0; j < side; j++) {
            *(striate_packed8 *)(values + (i * side + j) * 16) = __builtin_convertvector(line[j], striate_packed8);
        }
    }
}

/// taps [9][16] to values [(size + 2)^2][16], size 2 or 4.
static inline __attribute__((always_inline)) void striate_winograd_kernels(
    long size, const float *taps, float *values) {
    for (long half = 0; half < 16; half += 8) {
        if (size == 2) {
            striate_winograd_kernels8(2, 4, taps + half, values + half);
        } else {
            striate_winograd_kernels8(4, 6, taps + half, values + half);
        }
    }
}

#pragma clang assume_nonnull end
