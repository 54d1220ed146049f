#include "IntegerKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#define KERNEL_DOT(sum, x, w) vusdotq_s32((int32x4_t)(sum), (uint8x16_t)(x), (int8x16_t)(w))
#define KERNEL_ROWS 5
#define LANES 4
#define TITLE "i8mm"
#define NAME(function) striate_i8mm_##function
#include "Kernels.inc"
#pragma clang attribute pop
#endif
