#include "IntegerKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define KERNEL_PAIRS(a, b) _mm256_madd_epi16((__m256i)(a), (__m256i)(b))
#define KERNEL_DOT(sum, x, w) _mm256_dpbusd_avx_epi32((__m256i)(sum), (__m256i)(x), (__m256i)(w))
#define KERNEL_ROWS 6
#define LANES 8
#define TITLE "avxvnni"
#define NAME(function) striate_avxvnni_##function
#include "Kernels.inc"
#pragma clang attribute pop
#endif
