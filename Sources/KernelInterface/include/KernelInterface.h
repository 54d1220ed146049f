// What every instruction set's kernels look like to their callers: geometries and one table of functions.
//
// The structs are C so that the baseline, AVX2 and AVX-512 modules, which share no Swift code, share their types.
//
// Blocked layout ("C16"): channels in blocks of 16, [C/16][rows][columns][16]. Element (c, y, x) of one image lies at
// base + (c / 16) * plane + y * row + x * 16 + c % 16. All strides count floats; a row or plane stride larger than the
// data leaves a halo, which is how padding is read without a copy. Channels past C in the last block are stored, finite
// and meet zero weights. "Points" are the rows of a matrix [points][channels] stored blocked as [channels/16][points][16].
//
// Every output element is reduced by one accumulator over (input block, kernel row, kernel column, channel) in that
// order, whatever the tile, the batch, the range of blocks or the number of workers: results agree bit for bit.
#pragma once

#include "Functions.h"
#include "Products.h"
#include "Transposition.h"
#include "Typed.h"
#include "Lines.h"
#include "NormalTable.h"
#include "Widening.h"
#include "WinogradKernels.h"

#pragma clang assume_nonnull begin

/// What is applied to a finished sum, bias included.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    ActivationNone = 0,
    ActivationRelu = 1, // convolutions say it with `floor` instead
    ActivationTanh = 2,
    ActivationSigmoid = 3,
    /// Blocks 2q and 2q+1 hold the two members of each maxout pair; block q of the output receives their maximum.
    ActivationMaxoutPair = 4,
    /// min(1, max(0, x)); recurrent layers and `activate` only.
    ActivationSaturating = 5,
} Activation;

/// Where an image lies from the first window's corner on, in rows and columns, and its size.
typedef struct {
    long top, left;
    long height, width;
} ImageBounds;

/// A convolution of one image. `input` points at the first element the first window reads (padding included).
typedef struct {
    /// Blocks of 16 input channels; for the planar kernel, input channels.
    long inputBlocks;
    /// Channels of the last input block, 1 to 16; the blocked kernel passes over the others. Planar: 1.
    long lastLanes;
    long inputPlane, inputRow;
    long kernelHeight, kernelWidth;
    long strideHeight, strideWidth;
    long dilationHeight, dilationWidth;
    long outputHeight, outputWidth;
    /// `outputColumn`: between two output pixels of a row; 16 unless they are strewn over a larger image. Planar output: 1.
    long outputPlane, outputRow, outputColumn;
    Activation activation;
    /// What finished sums are held between, before any other activation; -infinity and infinity leave them. Relu is [0, infinity].
    float floor, ceiling;
    /// Of the addend: null, or laid out as the output is and added to every sum before the bounds. No maxout pairs.
    long addendPlane, addendRow;
    /// The output block of which at most 8 channels count, or -1; the others are stored as zeros or as sums.
    long halfBlock;
    /// What windows read outside of it is zero, and is passed over where a whole tile does. Height 0: everything is read.
    ImageBounds image;
} ConvolutionGeometry;

/// A 3x3 convolution of stride 1 by Winograd's minimal filtering F(size x size, 3x3), in tiles of size x size outputs.
///
/// Tiles are counted row by row, image after image. `input` points at the first element the first window reads; the
/// halo must reach the last tile's last input. One strip of tiles [first, end) is transformed into
/// `transformed` [(size + 2)^2][inputBlocks][tiles][16], multiplied, and transformed back. Planes of values are
/// (blocks * tiles | 1) * 16 floats apart: an even number of lines would put them all into a few lines of a cache.
typedef struct {
    /// 2 or 4.
    long size;
    long inputBlocks;
    /// Input blocks that one output block sees: inputBlocks / groups.
    long groupBlocks;
    long tilesPerRow, tilesPerImage;
    long inputPlane, inputRow, inputImage;
    long outputHeight, outputWidth;
    long outputPlane, outputRow, outputImage;
    Activation activation;
    float floor, ceiling;
    long addendPlane, addendRow, addendImage;
} WinogradGeometry;

/// A 3x3 convolution of stride 1 with a kernel for each channel, over planes that lie row by row without a halo.
///
/// `top` rows and `left` columns, both 16 at most, read as zeros before the first, and what windows want behind the last.
/// Output rows have 16 columns at least, and reach at most 16 behind the input's.
typedef struct {
    long height, width;
    long top, left;
    long outputHeight, outputWidth;
    float floor, ceiling;
} SquareGeometry;

/// A pooling of one image; windows are clipped to the input, which has no halo need. `input` is element (0, 0, 0).
typedef struct {
    long inputHeight, inputWidth, inputPlane, inputRow;
    long kernelHeight, kernelWidth;
    long strideHeight, strideWidth;
    long dilationHeight, dilationWidth;
    long padTop, padLeft, padBottom, padRight;
    long outputHeight, outputWidth, outputPlane, outputRow;
    /// Average only: padding (not the excess of ceil mode) counts in the divisor.
    long countIncludePad;
} PoolGeometry;

/// Cross-channel pooling of one image in the blocked layout over `group` neighbouring channels.
typedef struct {
    long inputChannels, group;
    long height, width;
    long inputPlane, inputRow, outputPlane, outputRow;
} ChannelPoolGeometry;

typedef enum __attribute__((enum_extensibility(closed))) : long {
    RecurrentCellRNN = 0,
    /// Gates in ONNX order: input, output, forget, cell.
    RecurrentCellLSTM = 1,
    /// Gates in ONNX order: update, reset, hidden; linear_before_reset = 1, one phase.
    RecurrentCellGRULinearBeforeReset = 2,
    /// linear_before_reset = 0, first phase: update gate into `scratch`, reset * h into `resetHidden`.
    RecurrentCellGRUGates = 3,
    /// linear_before_reset = 0, second phase: reads both, writes h.
    RecurrentCellGRUCandidate = 4,
} RecurrentCell;

/// One time step of a recurrent layer for `batch` sequences; states are [hidden/16][batch][16] with a plane stride.
///
/// `product` holds W x + Wb (+ Rb where it may be added) of this step: block hb * gates + g at plane stride `productPlane`,
/// then [batch][16]. Weights of the recurrent half are packed [hidden/16][hidden][gates][16].
typedef struct {
    RecurrentCell cell;
    /// Units of the previous state: what each sum goes over. The number of blocks computed is the range's.
    long hidden, batch;
    long productPlane;
    /// `statePlane`: of the cell state, the update gate and the reset hidden state.
    long previousPlane, hiddenPlane, statePlane;
    /// RNN only: Tanh, Relu, Sigmoid, Saturating or None.
    Activation activation;
} RecurrentGeometry;

typedef struct {
    /// "baseline", "avx2", "avx512" or "neon".
    const char *name;
    /// Output blocks that one tile of the convolution kernels computes; packed weights interleave as many (see packing).
    long blocksPerTile;

    /// Blocked in, blocked out, output blocks [first, end). `first` is a multiple of blocksPerTile (and of 2 for a maxout pair).
    /// `end` too, unless it is the last block. Weights, bias and output start at block 0, whatever `first`.
    /// weights: for each tile of up to blocksPerTile blocks Q: [inputBlocks][kernelHeight][kernelWidth][16][Q * 16]; bias: [blocks * 16].
    /// A 1x1 convolution over points is the dense product.
    void (*convolve)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                     const float *_Nullable addend,
                     float *output, long first, long end);
    /// Planar input [channels][rows][columns] (few channels), blocked out; weights [tile][channels][kh][kw][Q * 16].
    void (*convolvePlanar)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                     const float *_Nullable addend,
                           float *output, long first, long end);
    /// U = G g Gt of sixteen kernels g, `taps` [9][16], into `values` [(size + 2)^2][16], computed in double precision.
    void (*winogradKernels)(long size, const float *taps, float *values);
    /// Input blocks [firstBlock, endBlock) of a strip of tiles into `transformed`.
    void (*winogradInput)(const WinogradGeometry *, const float *input, float *transformed,
                          long firstBlock, long endBlock, long firstTile, long endTile);
    /// Output blocks [first, end) of a strip, of one group: `transformed` at the group's first input block, weights
    /// [tile of blocks][(size + 2)^2][groupBlocks][16][Q * 16] and bias at block 0 of the layer.
    /// `sums`: 128 + (size + 2)^2 planes of (end - first) * tiles for the kernel alone.
    void (*winogradOutput)(const WinogradGeometry *, const float *transformed, const float *weights, const float *bias,
                           const float *_Nullable addend, float *sums, float *output, long first, long end, long firstTile, long endTile);
    /// One kernel per channel; weights [block][kh][kw][16].
    void (*convolveDepthwise)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                     const float *_Nullable addend,
                              float *output, long first, long end);
    /// Planar input and output [channels][rows][columns], 16 columns at least, of stride 1; `first` and `end` count output channels.
    /// Weights [O / 16][channels][kh][kw][16]. Bounds are the only activation, and there is no addend.
    void (*convolvePlanes)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                           const float *_Nullable addend,
                           float *output, long first, long end);
    /// One kernel per channel, planar in and out; weights [channel][3][3], channels [first, end).
    /// `scratch`: 18 * (width + 80) floats for the kernel alone.
    void (*convolveSquares)(const SquareGeometry *, const float *input, const float *weights, const float *bias,
                            float *scratch, float *output, long first, long end);
    /// Every output position has kernels of its own. Weights [row][column][blocks][inputBlocks][kernelHeight][kernelWidth][16][16],
    /// bias [row][column][blocks * 16], both of all `blocks` output blocks; no maxout pairs. Input blocked.
    void (*convolveLocal)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                          float *output, long blocks, long first, long end);
    /// The same for planar input [channels][rows][columns]; weights [row][column][blocks][channels][kh][kw][16].
    void (*convolveLocalPlanar)(const ConvolutionGeometry *, const float *input, const float *weights, const float *bias,
                                float *output, long blocks, long first, long end);
    /// One output channel that sees `count` input channels: planar in, planar out; weights [count][kh][kw], one bias.
    /// With stride 1 each row is read up to a multiple of 16 outputs, so at least
    /// (kernelWidth - 1) * dilationWidth + 16 floats long.
    void (*convolveChannels)(const ConvolutionGeometry *, const float *input, const long *channels, long count,
                             const float *weights, float bias, float *output);

    /// Rows [firstRow, endRow) and columns [first, end) of a product of two computed matrices, all given at their first element.
    /// `first` is a multiple of panelWidth, as is `end` unless it is the last column.
    /// `panel`: inner * panelWidth floats for the kernel alone.
    void (*multiplyMatrices)(const ProductGeometry *, const float *left, const float *right, const float *_Nullable addend,
                             float *panel, float *result, long firstRow, long endRow, long first, long end);
    /// The right matrix as panels of panelWidth columns, the last one's up to a multiple of 16: inner floats for each column.
    void (*packMatrix)(const ProductGeometry *, const float *right, float *panels);
    /// Columns that a product packs together.
    long panelWidth;

    void (*maxPool)(const PoolGeometry *, const float *input, float *output, long first, long end);
    void (*averagePool)(const PoolGeometry *, const float *input, float *output, long first, long end);
    /// Sum of |x| (power 1), square root of the sum of squares (power 2), else the sum of |x|^power, its root to be taken.
    void (*powerPool)(const PoolGeometry *, long power, const float *input, float *output, long first, long end);
    /// Output channels = inputChannels / group, blocks [first, end) of them.
    void (*maxout)(const ChannelPoolGeometry *, const float *input, float *output, long first, long end);
    /// sqrt of the sum of squares of `group` neighbouring channels.
    void (*channelL2)(const ChannelPoolGeometry *, const float *input, float *output, long first, long end);

    /// y = activation(x); `count` is any number, x may equal y.
    void (*activate)(Activation, const float *x, float *y, long count);
    /// y = min(high, max(low, x)); NaN stays.
    void (*clip)(float low, float high, const float *x, float *y, long count);
    /// y = x * scale[lane] + shift[lane], lane = index % 16, for `vectors` vectors of 16: BatchNormalization of one block row.
    void (*scaleShift)(const float *x, const float *scale, const float *shift, float *y, long vectors);
    /// y = a + b, y = a * b; any count.
    void (*add)(const float *a, const float *b, float *y, long count);
    void (*multiply)(const float *a, const float *b, float *y, long count);
    /// y = f(x) with parameters a and b; any count, x may equal y.
    void (*apply)(UnaryFunction, float a, float b, const float *x, float *y, long count);
    /// z = x o y over `count` elements; a step of 0 repeats an operand's one number, 1 advances.
    void (*join)(BinaryFunction, const float *x, long xStep, const float *y, long yStep, float *z, long count);
    /// One row of `count` elements; survives logits of +-1e4.
    void (*softmax)(const float *x, float *y, long count);
    void (*logSoftmax)(const float *x, float *y, long count);
    /// y = exp(x - largest x); returns the sum of all y, 0 of none.
    float (*exponentials)(const float *x, float *y, long count);

    /// Hidden blocks [first, end) of one time step. `bias` [hidden/16][16]: the recurrent bias of the GRU's hidden gate
    /// (linear_before_reset = 1), else unused. `cellState` (LSTM) is updated in place, as are
    /// `update` and `resetHidden` (two-phase GRU).
    void (*recur)(const RecurrentGeometry *, const float *product, const float *previous, const float *weights,
                  const float *bias, float *cellState, float *update, float *resetHidden, float *hidden,
                  long first, long end);

    /// [channels][height*width planar rows] to blocked and back; strides in floats; lanes past `channels` become 0.
    void (*blockFromPlanar)(const float *planar, long planarPlane, long planarRow, long channels, long height, long width,
                            float *blocked, long blockedPlane, long blockedRow, long first, long end);
    void (*planarFromBlock)(const float *blocked, long blockedPlane, long blockedRow, long channels, long height, long width,
                            float *planar, long planarPlane, long planarRow, long first, long end);
    /// Row-major matrix [points][channels] to blocked points [channels/16][points][16] and back.
    void (*blockFromPoints)(const float *matrix, long points, long channels, float *blocked, long blockedPlane);
    void (*pointsFromBlock)(const float *blocked, long blockedPlane, long points, long channels, float *matrix);

    /// Runs `iterations` rounds of independent register-only multiply-adds; returns their number (for the measured peak).
    /// `sink`: 16 floats, the first two of which are factor and addend; overwritten.
    long (*peak)(long iterations, float *sink);

    TypedKernels typed;
    LineKernels lines;
} KernelTable;

#pragma clang assume_nonnull end
