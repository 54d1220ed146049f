// Kernels of lines and blocks of numbers: read at places, weighed, summed up as they run, normalised, in 16 bits.
#pragma once

#include "Products.h"
#include "Typed.h"
#include "Widening.h"

#pragma clang assume_nonnull begin

typedef struct {
    /// The product of a row and the columns [first, end) of a matrix whose columns are each one line in memory, as is the row.
    ///
    /// Every sum is made of the same thirty-two partial ones, whatever columns are asked for.
    void (*multiplyLines)(const ProductGeometry *, const float *row, const float *columns, const float *_Nullable addend,
                          float *result, long first, long end);
    /// y[i] = x[places[i]].
    void (*pickLine)(const float *x, const int *places, float *y, long count);
    /// y[i] = sum of weights[t * stride + i] * x[places[t * stride + i]] over `taps` t in order; a place below 0 counts as nothing.
    void (*sampleLine)(const float *x, const int *places, const float *weights, long taps, long stride, float *y, long count);
    /// y[i] = sum of weights[t] * x[offsets[t] + i] over `taps` t in order.
    void (*weighLines)(const float *x, const long *offsets, const float *weights, long taps, float *y, long count);
    /// Running sums, or products, in double precision down columns [first, end) of a block [count][inner].
    void (*cumulateColumns)(const RunningGeometry *, const float *x, float *y, long first, long end);
    /// `channels` lines of `plane` numbers, normalised together; each has its own scale and bias.
    void (*normalizeGroup)(const NormalizationGeometry *, const float *x, const float *scale, const float *bias, float *y,
                           long channels, long plane);
    /// float16 to float32 and back, to the nearest, ties to even.
    void (*widenHalves)(const unsigned short *x, float *y, long count);
    void (*narrowHalves)(const float *x, unsigned short *y, long count);
} LineKernels;

typedef unsigned short striate_shorts16 __attribute__((vector_size(32), aligned(2)));
typedef unsigned int striate_words16 __attribute__((vector_size(64), aligned(4)));

/// Sixteen numbers of float16 as float32: the exponent's bias is 15 there and 127 here, and numbers below 2^-14 come right by the
/// product too.
static inline __attribute__((always_inline)) void striate_widen_halves16(const void *halves, void *floats) {
    striate_words16 half = __builtin_convertvector(*(const striate_shorts16 *)halves, striate_words16);
    striate_floats16 size = (striate_floats16)((half & 0x7fff) << 13) * 0x1p112f;
    striate_words16 special = (striate_words16)((half & 0x7c00) == 0x7c00) & 0x7f800000;
    *(striate_words16 *)floats = (striate_words16)size | special | (half & 0x8000) << 16;
}

/// Sixteen numbers of float32 as the nearest of float16, ties to even; NaN has one form.
static inline __attribute__((always_inline)) void striate_narrow_halves16(const void *floats, void *halves) {
    striate_words16 bits = *(const striate_words16 *)floats;
    striate_words16 size = bits & 0x7fffffff;
    striate_words16 normal = ((size + 0xfff + (size >> 13 & 1)) >> 13) - (112 << 10);
    // Between 1/2 and 1 neighbours are 2^-24 apart, as the smallest halves are.
    striate_words16 small = (striate_words16)((striate_floats16)size + 0.5f) - 0x3f000000;
    striate_words16 isSmall = (striate_words16)(size < 0x38800000);
    striate_words16 finite = (small & isSmall) | (normal & ~isSmall);
    // From 65,520 on.
    striate_words16 isLarge = (striate_words16)(size >= 0x477ff000);
    striate_words16 bounded = (isLarge & 0x7c00) | (finite & ~isLarge);
    striate_words16 isNumber = (striate_words16)(size <= 0x7f800000);
    striate_words16 result = (bits >> 16 & 0x8000) | (bounded & isNumber) | (~isNumber & 0x7e00);
    *(striate_shorts16 *)halves = __builtin_convertvector(result, striate_shorts16);
}

#pragma clang assume_nonnull end
