// Whole layers, for a plugin that counts their instructions: each runs between two hints. What they compute does not matter.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "KernelInterface.h"

void striate_kernel_table(KernelTable *);
static KernelTable T;

// Memory of ones, with room for what kernels read beyond their layers.
static float *ones(long count) {
    float *p;
    if (posix_memalign((void **)&p, 64, (count + 4096) * 4) != 0) exit(1);
    for (long i = 0; i < count + 4096; i++) p[i] = 1;
    return p;
}

#define BEGIN __asm__ volatile("hint #0x70" ::: "memory")
#define END __asm__ volatile("hint #0x71" ::: "memory")

// The name and the vectors of four products that a layer needs, or, where it has none, its elements; the plugin's line follows.
static void title(const char *name, double products, double elements) {
    printf("%s|%.0f|%.0f|", name, products / 4, elements);
    fflush(stdout);
}

static ConvolutionGeometry geometry(long inputs, long kernel, long stride, long side, int planar) {
    const long width = (side - 1) * stride + kernel, row = planar ? width : width * 16;
    return (ConvolutionGeometry){planar ? inputs : inputs / 16, planar ? 1 : 16, width * row, row, kernel, kernel, stride, stride, 1, 1,
                                 side, side, side * side * 16, side * 16, 16, ActivationNone, 0, INFINITY, 0, 0, -1};
}

static void convolution(const char *name, long inputs, long outputs, long kernel, long stride, long side, int planar) {
    ConvolutionGeometry g = geometry(inputs, kernel, stride, side, planar);
    const long width = (side - 1) * stride + kernel, taps = kernel * kernel;
    float *x = ones(inputs * width * width), *w = ones(inputs * outputs * taps), *b = ones(outputs), *y = ones(outputs * side * side);
    title(name, (double)side * side * taps * inputs * outputs, 0);
    BEGIN;
    if (planar) T.convolvePlanar(&g, x, w, b, 0, y, 0, outputs / 16);
    else T.convolve(&g, x, w, b, 0, y, 0, outputs / 16);
    END;
}

static void dense(const char *name, long rows, long inputs, long outputs) {
    ConvolutionGeometry g = geometry(inputs, 1, 1, 1, 0);
    g.inputPlane = g.inputRow = g.outputPlane = g.outputRow = rows * 16;
    g.outputWidth = rows;
    float *x = ones(rows * inputs), *w = ones(inputs * outputs), *b = ones(outputs), *y = ones(rows * outputs);
    title(name, (double)rows * inputs * outputs, 0);
    BEGIN;
    T.convolve(&g, x, w, b, 0, y, 0, outputs / 16);
    END;
}

static void depthwise(const char *name, long channels, long stride, long side) {
    ConvolutionGeometry g = geometry(channels, 3, stride, side, 0);
    const long width = (side - 1) * stride + 3;
    float *x = ones(channels * width * width), *w = ones(channels * 9), *b = ones(channels), *y = ones(channels * side * side);
    title(name, 9.0 * channels * side * side, 0);
    BEGIN;
    T.convolveDepthwise(&g, x, w, b, 0, y, 0, channels / 16);
    END;
}

static void squares(const char *name, long channels, long side) {
    SquareGeometry g = {side, side, 1, 1, side, side, 0, INFINITY};
    float *x = ones(channels * side * side), *w = ones(channels * 9), *b = ones(channels), *y = ones(channels * side * side);
    float *scratch = ones(18 * (side + 80));
    title(name, 9.0 * channels * side * side, 0);
    BEGIN;
    T.convolveSquares(&g, x, w, b, scratch, y, 0, channels);
    END;
}

static void winograd(const char *name, long size, long channels, long side) {
    const long across = (side + size - 1) / size, tiles = across * across, values = (size + 2) * (size + 2), blocks = channels / 16;
    const long width = across * size + 2, plane = (blocks * tiles | 1) * 16;
    WinogradGeometry g = {size, blocks, blocks, across, tiles, width * width * 16, width * 16, 0, side, side, side * side * 16, side * 16, 0,
                          ActivationNone, 0, INFINITY, 0, 0, 0};
    float *x = ones(channels * width * width), *w = ones(channels * channels * values), *b = ones(channels), *y = ones(channels * side * side);
    float *transformed = ones(values * plane), *sums = ones(128 + values * plane);
    // The products that are left, not those that are saved.
    title(name, (double)tiles * values * channels * channels, 0);
    BEGIN;
    T.winogradInput(&g, x, transformed, 0, blocks, 0, tiles);
    T.winogradOutput(&g, transformed, w, b, 0, sums, y, 0, blocks, 0, tiles);
    END;
}

static void recurrent(const char *name, RecurrentCell cell, long gates, long units, long batch) {
    RecurrentGeometry g = {cell, units, batch, batch * 16, batch * 16, batch * 16, batch * 16, ActivationTanh};
    float *product = ones(gates * units * batch), *previous = ones(units * batch), *w = ones(gates * units * units), *b = ones(units);
    float *state = ones(units * batch), *update = ones(units * batch), *reset = ones(units * batch), *y = ones(units * batch);
    title(name, (double)gates * units * units * batch, 0);
    BEGIN;
    T.recur(&g, product, previous, w, b, state, update, reset, y, 0, units / 16);
    END;
}

static void product(const char *name, long rows, long inner, long columns) {
    ProductGeometry g = {.inner = inner, .leftRow = inner, .leftInner = 1, .rightInner = columns, .rightColumn = 1, .resultRow = columns, .alpha = 1};
    float *x = ones(rows * inner), *w = ones(inner * columns), *y = ones(rows * columns), *panel = ones(inner * T.panelWidth);
    title(name, (double)rows * inner * columns, 0);
    BEGIN;
    T.multiplyMatrices(&g, x, w, 0, panel, y, 0, rows, 0, columns);
    END;
}

static void functions(void) {
    float *x = ones(4096), *y = ones(4096);
    title("tanh of 4096", 0, 4096);
    BEGIN;
    T.activate(ActivationTanh, x, y, 4096);
    END;
    title("sigmoid of 4096", 0, 4096);
    BEGIN;
    T.activate(ActivationSigmoid, x, y, 4096);
    END;
    title("softmax of 1000", 0, 1000);
    BEGIN;
    T.softmax(x, y, 1000);
    END;
    title("exp of 4096", 0, 4096);
    BEGIN;
    T.apply(UnaryFunctionExp, 0, 0, x, y, 4096);
    END;
    title("gelu of 4096", 0, 4096);
    BEGIN;
    T.apply(UnaryFunctionGelu, 0, 0, x, y, 4096);
    END;
}

int main(void) {
    striate_kernel_table(&T);
    convolution("direct 3×3, 64→64, 28×28", 64, 64, 3, 1, 28, 0);
    convolution("direct 3×3 by two, 64→128, 28×28", 64, 128, 3, 2, 28, 0);
    convolution("7×7 by two, 3→64, 56×56, planar", 3, 64, 7, 2, 56, 1);
    dense("1×1, 256→256, 14×14", 196, 256, 256);
    winograd("Winograd 4×4, 64→64, 28×28", 4, 64, 28);
    winograd("Winograd 2×2, 64→64, 28×28", 2, 64, 28);
    depthwise("depthwise 3×3, 128, 28×28", 128, 1, 28);
    depthwise("depthwise 3×3 by two, 128, 28×28", 128, 2, 28);
    squares("depthwise 3×3, 128, 28×28, planar", 128, 28);
    dense("dense 512→512, 32 rows", 32, 512, 512);
    dense("dense 512→512, one row", 1, 512, 512);
    product("product 256×256×256", 256, 256, 256);
    recurrent("LSTM step, 256 units, 32 sequences", RecurrentCellLSTM, 4, 256, 32);
    recurrent("LSTM step, 256 units, one", RecurrentCellLSTM, 4, 256, 1);
    recurrent("RNN step, 256 units, 32 sequences", RecurrentCellRNN, 1, 256, 32);
    recurrent("RNN step, 256 units, one", RecurrentCellRNN, 1, 256, 1);
    functions();
    return 0;
}
