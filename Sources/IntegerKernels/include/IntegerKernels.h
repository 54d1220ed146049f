#ifndef INTEGER_KERNELS_H
#define INTEGER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Rows of unsigned bytes: each is `taps` pieces of `channels` bytes, whose places are listed.
///
/// A piece is read up to the next multiple of 4 channels.
typedef struct {
    const uint8_t *bytes;
    /// `count` times `taps` offsets into `bytes`.
    const ptrdiff_t *offsets;
    ptrdiff_t count;
    ptrdiff_t taps;
    ptrdiff_t channels;
} StriateIntegerRows;

/// What becomes of sums of products.
typedef enum {
    /// int32: sum + bias.
    striate_sums = 0,
    /// Bytes: (sum + bias) · scale, rounded to the nearest, ties to even, plus zero, held between low and high.
    striate_quantized = 1,
    /// float32: (sum + bias) · scale + addend.
    striate_reals = 2,
    /// The same with a scale of each row's own, too; 16 outputs side by side, then those of the next row.
    striate_points = 3,
} StriateIntegerForm;

/// Where results lie: `row` elements from one row to the next, `outputs` of them side by side.
typedef struct {
    StriateIntegerForm form;
    ptrdiff_t outputs;
    const int32_t *bias;
    const float *scale;
    const float *addend;
    int32_t zero;
    int32_t low;
    int32_t high;
    void *result;
    ptrdiff_t row;
    /// Of points alone: each row's scale; elements from 16 outputs to the next 16, of results and of addends; and from
    /// one row's addends to the next row's.
    const float *row_scales;
    ptrdiff_t plane;
    ptrdiff_t addend_plane;
    ptrdiff_t addend_row;
} StriateIntegerResult;

/// A linear map of bytes to real numbers: (byte − zero) · scale.
typedef struct {
    float scale;
    int32_t zero;
} StriateSteps;

/// Small integers that stand for real numbers, (integer − zero) · scale, in blocks of inputs that share 16 outputs' scales.
///
/// A block has 16 scales, 16 zeros of a byte each, and 16 bytes for each input, or for two of them, the first in the lower
/// halves.
typedef struct {
    const uint8_t *blocks;
    /// Bytes from 16 outputs' blocks to the next 16's, and how often.
    ptrdiff_t stride;
    ptrdiff_t count;
    int halved;
    /// Inputs and bytes of a block.
    ptrdiff_t block_size;
    ptrdiff_t block_bytes;
} StriateSmallWeights;

/// Bytes of such a block's scales and zeros.
enum StriateSmallHead { striate_small_head = 80 };

/// Kernels of integers of one instruction set; all sets give the same bits, but for sums of real numbers.
typedef struct {
    const char *name;
    /// Weights lie as [outputs/16][taps][channels/4][16][4], padded with zeros.
    void (*multiply)(const StriateIntegerRows *rows, const int8_t *weights, const StriateIntegerResult *result);
    /// A weight for each tap and channel: [channels/16][(taps + 1)/2][16][2] of 16 bits, padded with zeros.
    void (*multiply_channels)(const StriateIntegerRows *rows, const int16_t *weights, const StriateIntegerResult *result);
    /// The same with weights of 8 bits, [channels/16][(taps + 3)/4][16][4]; NULL where four bytes are not multiplied at once.
    void (*_Nullable multiply_channel_fours)(const StriateIntegerRows *rows, const int8_t *weights,
                                             const StriateIntegerResult *result);
    /// Windows of 3×3 that lie side by side, `columns` in a line, of whole blocks of 16 channels: 16 products for four of
    /// them. Weights lie as [outputs/16][16][channels/4][16][4] of 16 bits, transformed by 2G; `scratch` has room for
    /// striate_integer_squares(channels) times 16 · (channels + 32) numbers. NULL where products of bytes are faster.
    void (*_Nullable multiply_squares)(const StriateIntegerRows *rows, ptrdiff_t columns, const int16_t *weights,
                                       int16_t *scratch, const StriateIntegerResult *result);
    /// The largest of each channel's bytes over the taps.
    void (*largest)(const StriateIntegerRows *rows, uint8_t *result, ptrdiff_t row);
    /// The sum of each channel's bytes over the taps.
    void (*sums)(const StriateIntegerRows *rows, int32_t *result, ptrdiff_t row);
    /// x / scale rounded to the nearest, ties to even, plus zero, held between low and high; NaN becomes zero.
    void (*quantize)(const float *x, StriateSteps steps, int32_t low, int32_t high, uint8_t *y, ptrdiff_t count);
    void (*dequantize)(const uint8_t *x, StriateSteps steps, float *y, ptrdiff_t count);
    /// A block of StriateSmallWeights as real numbers: those of `count` inputs from `first` on, an even one; `row` numbers
    /// from one input's to the next.
    void (*unpack)(const uint8_t *block, int halved, ptrdiff_t first, ptrdiff_t count, float *y, ptrdiff_t row);
    /// `count` numbers from the input `first` on, an even one, times the weights, plus bias, plus addend if there is one.
    ///
    /// Each sum is made in the order of the inputs, by one addition with one rounding each where the set has it.
    void (*multiply_small)(const StriateSmallWeights *weights, ptrdiff_t first, ptrdiff_t count, const float *x,
                           const float *bias, const float *_Nullable addend, float *y);
    /// The sum of two real numbers that bytes stand for, as the steps of a third.
    void (*add)(const uint8_t *a, StriateSteps of_a, const uint8_t *b, StriateSteps of_b, StriateSteps steps, int32_t low,
                int32_t high, uint8_t *y, ptrdiff_t count);
    /// The same of their product.
    void (*times)(const uint8_t *a, StriateSteps of_a, const uint8_t *b, StriateSteps of_b, StriateSteps steps, int32_t low,
                  int32_t high, uint8_t *y, ptrdiff_t count);
    /// Rows of points, 16 channels side by side and `plane` numbers from there to the next 16, each in 127 steps from its
    /// largest number to 0 and as many below: bytes of whole blocks, 128 for 0, and the size of each row's steps.
    void (*round_rows)(const float *x, ptrdiff_t plane, ptrdiff_t channels, ptrdiff_t count, uint8_t *y, float *scales);
    /// Widens [low, high] to the numbers; NaN is left out.
    void (*range)(const float *x, ptrdiff_t count, float *low, float *high);
    /// Multiplies and adds in registers alone; returns how many products it made.
    ptrdiff_t (*peak)(ptrdiff_t rounds, int32_t *sink);
} StriateIntegerKernels;

/// The kernels called `name`: "baseline", "avx2", "avxvnni", "avx512", "avx512vnni"; NULL where this processor lacks them.
const StriateIntegerKernels *_Nullable striate_integer_kernels(const char *name);

/// How many squares of four windows are transformed at once.
ptrdiff_t striate_integer_squares(ptrdiff_t channels);

#pragma clang assume_nonnull end

#endif
