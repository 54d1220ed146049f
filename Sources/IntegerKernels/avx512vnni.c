#include "IntegerKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define KERNEL_PAIRS(a, b) _mm512_madd_epi16((__m512i)(a), (__m512i)(b))
#define KERNEL_DOT(sum, x, w) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(x), (__m512i)(w))
#define KERNEL_FOURS
#define KERNEL_KEEP(x) __asm__("" : "+v"(x))
#define LANES 16
#define TITLE "avx512vnni"
#define NAME(function) striate_avx512vnni_##function
#include "Kernels.inc"
#pragma clang attribute pop
#endif
