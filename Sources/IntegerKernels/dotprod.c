#include "IntegerKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define KERNEL_SIGNED_DOT(sum, x, w) vdotq_s32((int32x4_t)(sum), (int8x16_t)(x), (int8x16_t)(w))
#define KERNEL_ROWS 4
#define LANES 4
#define TITLE "dotprod"
#define NAME(function) striate_dotprod_##function
#include "Kernels.inc"
#pragma clang attribute pop
#endif
