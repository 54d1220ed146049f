#include "IntegerKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KERNEL_PAIRS(a, b) _mm256_madd_epi16((__m256i)(a), (__m256i)(b))
#define LANES 8
#define TITLE "avx2"
#define NAME(function) striate_avx2_##function
#include "Kernels.inc"
#pragma clang attribute pop
#endif
