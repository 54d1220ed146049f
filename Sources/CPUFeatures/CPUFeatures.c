#define _GNU_SOURCE
#include "CPUFeatures.h"

#ifdef __linux__
#include <sched.h>
#endif

int striate_cpu_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return 4;
    if (__builtin_cpu_supports("x86-64-v3")) return 3;
#endif
    return 0;
}

static _Thread_local int works_alone;

void striate_work_alone(void) {
    works_alone = 1;
}

int striate_works_alone(void) {
    return works_alone;
}

static _Thread_local void *current_turn;

void striate_set_turn(void *turn) {
    current_turn = turn;
}

void *striate_turn(void) {
    return current_turn;
}

#ifdef __linux__

void striate_give_way(void) {
    if (striate_works_alone()) sched_yield();
}

// The kernel's mask of a machine beyond CPU_SETSIZE cores does not fit: then threads stay where they are.
static _Thread_local cpu_set_t original;
static _Thread_local int has_left;

int striate_current_cpu(void) {
    return sched_getcpu();
}

void striate_leave_cpu(int cpu) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) return;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    cpu_set_t others = allowed;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) == 0) return;
    if (sched_setaffinity(0, sizeof others, &others) != 0) return;
    if (!has_left) original = allowed;
    has_left = 1;
}

void striate_restore_cpus(void) {
    if (!has_left) return;
    sched_setaffinity(0, sizeof original, &original);
    has_left = 0;
}

#else

int striate_current_cpu(void) {
    return -1;
}

void striate_leave_cpu(int cpu) {
    (void)cpu;
}

void striate_restore_cpus(void) {}

void striate_give_way(void) {}

#endif

#if defined(__linux__) && defined(__GLIBC__)
#include <malloc.h>

void striate_release_free_memory(void) {
    malloc_trim(0);
}
#else
void striate_release_free_memory(void) {}
#endif
