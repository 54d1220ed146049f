// Eight rows of eight floats turned into eight columns: a shuffle that Swift's vectors cannot say.
//
// Static, so that every kernel module has its own, compiled for its own processor.
#pragma once

#pragma clang assume_nonnull begin

typedef float striate_float8 __attribute__((vector_size(32), aligned(4)));

#define STRIATE_ROW(i) striate_float8 r##i = *(const striate_float8 *)(source + i * sourceRow);
#define STRIATE_COLUMN(i, low, high, ...) \
    *(striate_float8 *)(target + i * targetRow) = __builtin_shufflevector(low, high, __VA_ARGS__);

/// target[j * targetRow + i] = source[i * sourceRow + j] for i, j < 8.
static inline __attribute__((always_inline)) void striate_transpose8(
    const float *source, long sourceRow, float *target, long targetRow) {
    STRIATE_ROW(0) STRIATE_ROW(1) STRIATE_ROW(2) STRIATE_ROW(3)
    STRIATE_ROW(4) STRIATE_ROW(5) STRIATE_ROW(6) STRIATE_ROW(7)
    striate_float8 a0 = __builtin_shufflevector(r0, r1, 0, 8, 1, 9, 4, 12, 5, 13);
    striate_float8 a1 = __builtin_shufflevector(r0, r1, 2, 10, 3, 11, 6, 14, 7, 15);
    striate_float8 a2 = __builtin_shufflevector(r2, r3, 0, 8, 1, 9, 4, 12, 5, 13);
    striate_float8 a3 = __builtin_shufflevector(r2, r3, 2, 10, 3, 11, 6, 14, 7, 15);
    striate_float8 a4 = __builtin_shufflevector(r4, r5, 0, 8, 1, 9, 4, 12, 5, 13);
    striate_float8 a5 = __builtin_shufflevector(r4, r5, 2, 10, 3, 11, 6, 14, 7, 15);
    striate_float8 a6 = __builtin_shufflevector(r6, r7, 0, 8, 1, 9, 4, 12, 5, 13);
    striate_float8 a7 = __builtin_shufflevector(r6, r7, 2, 10, 3, 11, 6, 14, 7, 15);
    striate_float8 b0 = __builtin_shufflevector(a0, a2, 0, 1, 8, 9, 4, 5, 12, 13);
    striate_float8 b1 = __builtin_shufflevector(a0, a2, 2, 3, 10, 11, 6, 7, 14, 15);
    striate_float8 b2 = __builtin_shufflevector(a1, a3, 0, 1, 8, 9, 4, 5, 12, 13);
    striate_float8 b3 = __builtin_shufflevector(a1, a3, 2, 3, 10, 11, 6, 7, 14, 15);
    striate_float8 b4 = __builtin_shufflevector(a4, a6, 0, 1, 8, 9, 4, 5, 12, 13);
    striate_float8 b5 = __builtin_shufflevector(a4, a6, 2, 3, 10, 11, 6, 7, 14, 15);
    striate_float8 b6 = __builtin_shufflevector(a5, a7, 0, 1, 8, 9, 4, 5, 12, 13);
    striate_float8 b7 = __builtin_shufflevector(a5, a7, 2, 3, 10, 11, 6, 7, 14, 15);
    STRIATE_COLUMN(0, b0, b4, 0, 1, 2, 3, 8, 9, 10, 11)
    STRIATE_COLUMN(1, b1, b5, 0, 1, 2, 3, 8, 9, 10, 11)
    STRIATE_COLUMN(2, b2, b6, 0, 1, 2, 3, 8, 9, 10, 11)
    STRIATE_COLUMN(3, b3, b7, 0, 1, 2, 3, 8, 9, 10, 11)
    STRIATE_COLUMN(4, b0, b4, 4, 5, 6, 7, 12, 13, 14, 15)
    STRIATE_COLUMN(5, b1, b5, 4, 5, 6, 7, 12, 13, 14, 15)
    STRIATE_COLUMN(6, b2, b6, 4, 5, 6, 7, 12, 13, 14, 15)
    STRIATE_COLUMN(7, b3, b7, 4, 5, 6, 7, 12, 13, 14, 15)
}

typedef unsigned char striate_byte16 __attribute__((vector_size(16)));
typedef unsigned char striate_loose_byte16 __attribute__((vector_size(16), aligned(1)));

/// target[j * targetRow + i] = source[i * sourceRow + j] for i < rows <= 16, j < 16; writes whole columns of 16.
static inline __attribute__((always_inline)) void striate_transpose_bytes16(
    const unsigned char *source, long sourceRow, unsigned char *target, long targetRow, long rows, int exact) {
    striate_byte16 a[16], b[16];
    for (int i = 0; i < 16; i++) {
        a[i] = i < rows ? *(const striate_loose_byte16 *)(source + i * sourceRow) : (striate_byte16){0};
    }
    // Four perfect shuffles of the rows.
    for (int turn = 0; turn < 4; turn++) {
        for (int i = 0; i < 8; i++) {
            b[2 * i] = __builtin_shufflevector(
                a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            b[2 * i + 1] = __builtin_shufflevector(
                a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        for (int i = 0; i < 16; i++) a[i] = b[i];
    }
    for (int j = 0; j < 16; j++) {
        if (!exact || rows >= 16) {
            *(striate_loose_byte16 *)(target + j * targetRow) = a[j];
            continue;
        }
        // Its beginning and its end, which may overlap.
        const char *bytes = (const char *)&a[j];
        long part = rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
        for (int end = 0; end < 2; end++) {
            long first = end ? rows - part : 0;
            switch (part) {
            case 8: __builtin_memcpy(target + j * targetRow + first, bytes + first, 8); break;
            case 4: __builtin_memcpy(target + j * targetRow + first, bytes + first, 4); break;
            case 2: __builtin_memcpy(target + j * targetRow + first, bytes + first, 2); break;
            default: target[j * targetRow + first] = (unsigned char)bytes[first];
            }
        }
    }
}

#undef STRIATE_ROW
#undef STRIATE_COLUMN

#pragma clang assume_nonnull end
