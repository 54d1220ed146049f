#include "IntegerKernels.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#define KERNEL_PAIRS(a, b) _mm_madd_epi16((__m128i)(a), (__m128i)(b))
#endif
#if defined(__aarch64__)
#define KERNEL_ROWS 3
#endif
#define LANES 4
#define TITLE "baseline"
#define NAME(function) striate_baseline_##function
#include "Kernels.inc"
