#include "IntegerKernels.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#define KERNEL_PAIRS(a, b) _mm_madd_epi16((__m128i)(a), (__m128i)(b))
#endif
#if defined(__aarch64__)
#include <arm_neon.h>
#define KERNEL_PAIRS(a, b) \
    vpaddq_s32(vmull_s16(vget_low_s16((int16x8_t)(a)), vget_low_s16((int16x8_t)(b))), \
               vmull_high_s16((int16x8_t)(a), (int16x8_t)(b)))
#endif
#define LANES 4
#define TITLE "baseline"
#define NAME(function) striate_baseline_##function
#include "Kernels.inc"
