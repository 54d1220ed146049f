// Floats in twice their precision and back, and square roots: instructions that Swift's vectors name only one by one.
//
// Static, so that every kernel module has its own, compiled for its own processor. Nothing needs to be aligned.
#pragma once

#pragma clang assume_nonnull begin

typedef float striate_floats8 __attribute__((vector_size(32), aligned(4)));
typedef double striate_doubles8 __attribute__((vector_size(64), aligned(8)));
typedef long long striate_bits8 __attribute__((vector_size(64), aligned(8)));
typedef float striate_floats16 __attribute__((vector_size(64), aligned(4)));

/// The first eight of sixteen floats as doubles, and the last eight.
static inline __attribute__((always_inline)) void striate_widen_low(const void *floats, void *doubles) {
    *(striate_doubles8 *)doubles =
        __builtin_convertvector(*(const striate_floats8 *)floats, striate_doubles8);
}

static inline __attribute__((always_inline)) void striate_widen_high(const void *floats, void *doubles) {
    *(striate_doubles8 *)doubles =
        __builtin_convertvector(*((const striate_floats8 *)floats + 1), striate_doubles8);
}

/// Twice eight doubles rounded to sixteen floats.
static inline __attribute__((always_inline)) void striate_narrow(
    const void *low, const void *high, void *floats) {
    *(striate_floats8 *)floats =
        __builtin_convertvector(*(const striate_doubles8 *)low, striate_floats8);
    *((striate_floats8 *)floats + 1) =
        __builtin_convertvector(*(const striate_doubles8 *)high, striate_floats8);
}

/// Whether one of eight doubles is larger than `limit` or no number, signs aside: as whole numbers, of which those are larger.
static inline __attribute__((always_inline)) int striate_exceeds8(const void *doubles, double limit) {
    striate_doubles8 limits = {limit, limit, limit, limit, limit, limit, limit, limit};
    striate_bits8 sizes = *(const striate_bits8 *)doubles & 0x7fffffffffffffffLL;
    striate_bits8 beyond = sizes > (striate_bits8)limits;
    return __builtin_reduce_or(beyond) != 0;
}

typedef int striate_bits16 __attribute__((vector_size(64), aligned(4)));

/// The same of sixteen floats.
static inline __attribute__((always_inline)) int striate_exceeds16(const void *floats, float limit) {
    striate_floats16 limits = (striate_floats16){} + limit;
    striate_bits16 sizes = *(const striate_bits16 *)floats & 0x7fffffff;
    striate_bits16 beyond = sizes > (striate_bits16)limits;
    return __builtin_reduce_or(beyond) != 0;
}

/// Asks for a line of memory that is read later.
static inline __attribute__((always_inline)) void striate_fetch(const void *place) { __builtin_prefetch(place); }

/// The same place, as the compiler cannot know: places that it knows to differ by a row it counts one from the other, each
/// address waiting for the one before.
static inline __attribute__((always_inline)) const float *striate_separate(const float *place) {
    __asm__("" : "+r"(place));
    return place;
}

typedef float striate_floats4 __attribute__((vector_size(16), aligned(4)));

/// Four, eight or sixteen floats from one place to another: in large functions the compiler calls what Swift has for it.
static inline __attribute__((always_inline)) void striate_move4(void *to, const void *from) {
    *(striate_floats4 *)to = *(const striate_floats4 *)from;
}

static inline __attribute__((always_inline)) void striate_move8(void *to, const void *from) {
    *(striate_floats8 *)to = *(const striate_floats8 *)from;
}

static inline __attribute__((always_inline)) void striate_move16(void *to, const void *from) {
    *(striate_floats16 *)to = *(const striate_floats16 *)from;
}

/// sum + a * b, rounded once: lane by lane in Swift, which is put together again only in short chains.
static inline __attribute__((always_inline)) void striate_fuse8(void *sum, const void *a, const void *b) {
    *(striate_doubles8 *)sum = __builtin_elementwise_fma(
        *(const striate_doubles8 *)a, *(const striate_doubles8 *)b, *(const striate_doubles8 *)sum);
}

/// The same for sixteen floats.
static inline __attribute__((always_inline)) void striate_fuse16(void *sum, const void *a, const void *b) {
    *(striate_floats16 *)sum = __builtin_elementwise_fma(
        *(const striate_floats16 *)a, *(const striate_floats16 *)b, *(const striate_floats16 *)sum);
}

#ifdef __AVX512F__
typedef float striate_register16 __attribute__((vector_size(64)));

/// Sixteen floats, in place, times two to the power of as many whole numbers: rounded once, whatever the power.
static inline __attribute__((always_inline)) void striate_scale16(void *floats, const void *powers) {
    striate_register16 x = *(const striate_floats16 *)floats;
    striate_register16 n = *(const striate_floats16 *)powers;
    *(striate_floats16 *)floats = __builtin_ia32_scalefps512_mask(x, n, x, (unsigned short)-1, 4);
}

typedef unsigned short striate_lanes16;

/// The first `count` < 16 floats; the others become zero.
static inline __attribute__((always_inline)) void striate_load_first(
    void *to, const void *from, long count) {
    *(striate_floats16 *)to = __builtin_ia32_loadups512_mask(
        (const float *)from, (striate_register16){}, (striate_lanes16)((1u << count) - 1));
}

/// The first `count` < 16 floats, and nothing behind them.
static inline __attribute__((always_inline)) void striate_store_first(
    void *to, const void *from, long count) {
    __builtin_ia32_storeups512_mask(
        (float *)to, *(const striate_floats16 *)from, (striate_lanes16)((1u << count) - 1));
}
#endif

/// Sixteen square roots in place.
static inline __attribute__((always_inline)) void striate_roots16(void *floats) {
    *(striate_floats16 *)floats = __builtin_elementwise_sqrt(*(const striate_floats16 *)floats);
}

/// Eight square roots in place.
static inline __attribute__((always_inline)) void striate_roots8(void *doubles) {
    *(striate_doubles8 *)doubles = __builtin_elementwise_sqrt(*(const striate_doubles8 *)doubles);
}

#pragma clang assume_nonnull end
