// The normal distribution's lower tail up to 5.2 in eight pieces, and how a vector takes its numbers from a row of them.
#pragma once

#include "Widening.h"

#pragma clang assume_nonnull begin

/// Of a row of eight floats the one that each of sixteen whole numbers names by its lowest three bits.
static inline __attribute__((always_inline)) void striate_choose16(
    void *to, const void *places, const float *row) {
#if defined(__AVX512F__)
    striate_register16 both = __builtin_shufflevector(
        *(const striate_floats8 *)row, *(const striate_floats8 *)row, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
        13, 14, 15);
    typedef int places16 __attribute__((vector_size(64)));
    *(striate_floats16 *)to = __builtin_ia32_permvarsf512(both, (places16) * (const striate_bits16 *)places);
#elif defined(__AVX2__)
    typedef float row8 __attribute__((vector_size(32)));
    typedef int places8 __attribute__((vector_size(32)));
    typedef int unaligned8 __attribute__((vector_size(32), aligned(4)));
    row8 all = *(const striate_floats8 *)row;
    for (int half = 0; half < 2; half++)
        *((striate_floats8 *)to + half) =
            __builtin_ia32_permvarsf256(all, (places8) * ((const unaligned8 *)places + half));
#elif defined(__aarch64__)
    typedef signed char bytes16 __attribute__((vector_size(16)));
    typedef int lanes4 __attribute__((vector_size(16)));
    typedef int unaligned4 __attribute__((vector_size(16), aligned(4)));
    bytes16 low = (bytes16) * (const striate_floats4 *)row;
    bytes16 high = (bytes16) * ((const striate_floats4 *)row + 1);
    for (int quarter = 0; quarter < 4; quarter++) {
        lanes4 places4 = *((const unaligned4 *)places + quarter) & 7;
        // Each float's four bytes.
        bytes16 bytes = (bytes16)(places4 * 0x04040404 + 0x03020100);
        *((striate_floats4 *)to + quarter) = (striate_floats4)__builtin_neon_vqtbl2q_v(low, high, bytes, 48);
    }
#else
    for (int lane = 0; lane < 16; lane++) ((float *)to)[lane] = row[((const int *)places)[lane] & 7];
#endif
}

/// Row 0: where a piece ends, as t. Row 1 + n: the factors of (end − t)ⁿ in Φ(−t); of the first, 20 bits are not 0.
///
/// Fitted to Φ(−t)'s relative error, 1e-8 at most: pieces end where t (0.769 + 0.14649409 t) is a whole number.
static inline __attribute__((always_inline)) void striate_normal_row(void *to, const void *places, int row) {
    static const float rows[10][8] = {
        {1.0790825f, 1.9081004f, 2.6080556f, 3.2234194f,
         3.780369f, 4.292859f, 4.770634f, 5.202282f},
        {0.14027548f, 0.028189123f, 0.0045529082f, 6.3334964e-04f,
         7.8298035e-05f, 8.819348e-06f, 9.1823404e-07f, 9.842813e-08f},
        {0.22287413f, 0.064611554f, 0.013301007f, 0.0022113437f,
         3.1449777e-04f, 3.9735798e-05f, 4.558971e-06f, 5.2977833e-07f},
        {0.1202498f, 0.06164266f, 0.017344886f, 0.0035640441f,
         5.944588e-04f, 8.529009e-05f, 1.0874588e-05f, 1.3780292e-06f},
        {0.0061099976f, 0.028438358f, 0.012861692f, 0.0034609125f,
         6.9668115e-04f, 1.1542368e-04f, 1.6532571e-05f, 2.3011748e-06f},
        {-0.018420262f, 0.0032898178f, 0.0054989723f, 0.0021948856f,
         5.59214e-04f, 1.0965438e-04f, 1.7916338e-05f, 2.7666113e-06f},
        {-0.0047706747f, -0.0029992985f, 9.1701926e-04f, 8.971293e-04f,
         3.1948983e-04f, 7.687541e-05f, 1.4515535e-05f, 2.5008578e-06f},
        {0.0013028844f, -0.0014150001f, -2.6716155e-04f, 1.829453e-04f,
         1.216381e-04f, 4.0215797e-05f, 9.61326e-06f, 1.9622767e-06f},
        {0.0011870733f, -1.714664e-05f, -3.21988e-04f, -6.1222822e-06f,
         3.9400747e-05f, 1.578958e-05f, 3.633794e-06f, 7.0719585e-07f},
        {-3.2492555e-04f, 1.7260402e-04f, 2.3752349e-05f, -4.4612305e-05f,
         -8.497603e-06f, 4.1281905e-06f, 2.8108664e-06f, 9.2845636e-07f},
    };
    striate_choose16(to, places, rows[row]);
}

#pragma clang assume_nonnull end
