#include "IntegerKernels.h"

#include <string.h>

extern const StriateIntegerKernels striate_baseline_kernels;
#if defined(__x86_64__)
extern const StriateIntegerKernels striate_avx2_kernels, striate_avx512_kernels, striate_avx512vnni_kernels;
#endif

const StriateIntegerKernels *striate_integer_kernels(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(name, "avx512vnni") == 0)
        return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") ? &striate_avx512vnni_kernels : NULL;
    if (strcmp(name, "avx512") == 0) return __builtin_cpu_supports("x86-64-v4") ? &striate_avx512_kernels : NULL;
    if (strcmp(name, "avx2") == 0) return __builtin_cpu_supports("x86-64-v3") ? &striate_avx2_kernels : NULL;
#endif
    return &striate_baseline_kernels;
}
