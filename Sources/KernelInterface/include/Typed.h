// Kernels for elements of several types, and what is reduced along an axis.
#pragma once

#pragma clang assume_nonnull begin

/// What the elements of a plan's value are; truth values are bytes of 0 and 1.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    ElementKindFloat32 = 0,
    ElementKindInt32 = 1,
    ElementKindInt64 = 2,
    ElementKindBool = 3,
    ElementKindUInt8 = 4,
    ElementKindInt8 = 5,
} ElementKind;

/// z = x is so to y; the others are these with their operands exchanged.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    RelationEqual = 0,
    RelationLess = 1,
    RelationLessOrEqual = 2,
} Relation;

/// z = x o y of integers; sums, differences and products wrap, and what cannot be divided is 0.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    IntegerFunctionAdd = 0,
    IntegerFunctionSubtract = 1,
    IntegerFunctionMultiply = 2,
    IntegerFunctionDivide = 3,
    /// The remainder with the sign of y.
    IntegerFunctionModulo = 4,
    /// The remainder with the sign of x.
    IntegerFunctionRemainder = 5,
    IntegerFunctionMaximum = 6,
    IntegerFunctionMinimum = 7,
    IntegerFunctionAnd = 8,
    IntegerFunctionOr = 9,
    IntegerFunctionExclusiveOr = 10,
} IntegerFunction;

/// y = f(x) of integers, wrapping.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    IntegerMapNegate = 0,
    IntegerMapMagnitude = 1,
    IntegerMapSign = 2,
    /// max(x, 0)
    IntegerMapPositive = 3,
    /// All bits the other way round.
    IntegerMapComplement = 4,
    /// Of truth values.
    IntegerMapNot = 5,
} IntegerMap;

typedef enum __attribute__((enum_extensibility(closed))) : long {
    FloatTestNaN = 0,
    FloatTestInfinite = 1,
    FloatTestPositiveInfinity = 2,
    FloatTestNegativeInfinity = 3,
} FloatTest;

/// How the numbers that meet in an element of a result are joined; all but the extremes in double precision.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    ReductionSum = 0,
    ReductionMagnitudes = 1,
    ReductionSquares = 2,
    ReductionProduct = 3,
    ReductionMaximum = 4,
    ReductionMinimum = 5,
    /// The sum of exp(x - shift).
    ReductionExponentials = 6,
} Reduction;

/// A block [count][inner] of numbers of which the first axis is reduced; `inner` is 1 where they lie one after the other.
typedef struct {
    Reduction function;
    long count, inner;
    /// What a finished sum is divided by, before its square root is taken if it is to be.
    double divisor;
    long takesRoot;
} ReductionGeometry;

/// Rows of `count` numbers to (x - mean) / sqrt(variance + epsilon) * scale + bias, the mean 0 if they are not centred.
typedef struct {
    long count;
    double epsilon;
    long isCentred;
} NormalizationGeometry;

/// A block [count][inner] whose numbers are summed up, or multiplied, along its first axis as they come.
typedef struct {
    long count, inner;
    long isProduct, isExclusive, isReversed;
} RunningGeometry;

typedef struct {
    /// A step of 0 repeats an operand's one number, 1 advances.
    void (*compare)(Relation, ElementKind, const void *x, long xStep, const void *y, long yStep,
                    unsigned char *z, long count);
    void (*join)(IntegerFunction, ElementKind, const void *x, long xStep, const void *y, long yStep,
                 void *z, long count);
    void (*map)(IntegerMap, ElementKind, const void *x, void *y, long count);
    void (*classify)(FloatTest, const float *x, unsigned char *z, long count);
    /// z = condition ? x : y of elements of `width` bytes: 1, 4 or 8.
    void (*select)(long width, const unsigned char *condition, long step, const void *x, long xStep,
                   const void *y, long yStep, void *z, long count);
    /// Numbers of one kind to another: truncated, and to fewer bits wrapped; NaN is 0.
    void (*convert)(ElementKind from, ElementKind to, const void *x, void *y, long count);
    /// Joins `count` integers, `stride` apart, into one.
    void (*fold)(IntegerFunction, ElementKind, const void *x, long stride, void *y, long count);

    /// Rows of `count` numbers, one after the other; `shifts` has one number for each, of exponentials only.
    void (*reduceRows)(const ReductionGeometry *, const float *x, const float *_Nullable shifts, float *y, long rows);
    /// Columns [first, end) of one block.
    void (*reduceColumns)(const ReductionGeometry *, const float *x, const float *_Nullable shifts, float *y,
                          long first, long end);
    /// Normalised exponentials, or their logarithms, down columns [first, end) of a block [count][inner].
    void (*softmaxColumns)(long isLogarithm, const float *x, long count, long inner, float *y, long first, long end);
    void (*normalizeRows)(const NormalizationGeometry *, const float *x, const float *scale,
                          const float *_Nullable bias, float *y, long rows);
    /// The place of the greatest number (of the smallest if `isMinimum`) down columns [first, end) of a block
    /// [count][inner]; of equals the first, or the last if `takesLast`.
    void (*findExtremes)(ElementKind, long isMinimum, long takesLast, const void *x, long count, long inner,
                         long *y, long first, long end);
    /// target[j * targetRow + i] = source[i * sourceRow + j] for i < rows, j < columns; elements of `width` bytes.
    void (*transpose)(long width, const void *source, long sourceRow, void *target, long targetRow,
                      long rows, long columns);
} TypedKernels;

/// Truncates towards zero; what is too large is the nearest limit, and NaN is 0.
static inline __attribute__((always_inline)) long long striate_truncate(float x) {
    long long limited = x >= 9223372036854775807.0f ? 0x7fffffffffffffffLL
        : x < -9223372036854775808.0f ? -0x7fffffffffffffffLL - 1 : x != x ? 0 : (long long)x;
    return limited;
}

#pragma clang assume_nonnull end
