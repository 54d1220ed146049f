#include "IntegerKernels.h"

#include <string.h>

extern const StriateIntegerKernels striate_baseline_kernels;
#if defined(__x86_64__)
#include <cpuid.h>
extern const StriateIntegerKernels striate_avx2_kernels, striate_avxvnni_kernels, striate_avx512_kernels,
    striate_avx512vnni_kernels;
// CPUID leaf 7, part 1, EAX bit 4, which older compilers do not know by name.
static int has_avxvnni(void) {
    unsigned a = 0, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
}
#elif defined(__aarch64__)
extern const StriateIntegerKernels striate_dotprod_kernels, striate_i8mm_kernels;
#ifdef __linux__
#include <sys/auxv.h>
// HWCAP_ASIMDDP and HWCAP2_I8MM of asm/hwcap.h, which an old system does not know by name.
static int has_dotprod(void) { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }
static int has_i8mm(void) { return has_dotprod() && (getauxval(AT_HWCAP2) >> 13 & 1) != 0; }
#else
static int has_dotprod(void) { return 0; }
static int has_i8mm(void) { return 0; }
#endif
#endif

// Their bytes stay in the second cache; whole tiles of six.
ptrdiff_t striate_integer_squares(ptrdiff_t channels) {
    const ptrdiff_t tiles = 196608 / (32 * channels + 1) / 6;
    return 6 * (tiles < 1 ? 1 : tiles > 5 ? 5 : tiles);
}

const StriateIntegerKernels *striate_integer_kernels(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(name, "avx512vnni") == 0)
        return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") ? &striate_avx512vnni_kernels : NULL;
    if (strcmp(name, "avx512") == 0) return __builtin_cpu_supports("x86-64-v4") ? &striate_avx512_kernels : NULL;
    if (strcmp(name, "avxvnni") == 0)
        return __builtin_cpu_supports("x86-64-v3") && has_avxvnni() ? &striate_avxvnni_kernels : NULL;
    if (strcmp(name, "avx2") == 0) return __builtin_cpu_supports("x86-64-v3") ? &striate_avx2_kernels : NULL;
#elif defined(__aarch64__)
    if (strcmp(name, "i8mm") == 0) return has_i8mm() ? &striate_i8mm_kernels : NULL;
    if (strcmp(name, "dotprod") == 0) return has_dotprod() ? &striate_dotprod_kernels : NULL;
#endif
    return &striate_baseline_kernels;
}
