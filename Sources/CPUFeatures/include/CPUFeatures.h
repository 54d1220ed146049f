// What Swift cannot ask of the processor, the scheduler and the allocator. Elsewhere than on Linux and x86-64 every
// function exists and does nothing.
#pragma once

/// The x86-64 level that processor and operating system both support: 4 (AVX-512), 3 (AVX2, FMA) or 0.
int striate_cpu_level(void);

/// The core that runs the calling thread; -1 if unknown.
int striate_current_cpu(void);

/// Forbids the calling thread `cpu` and moves it elsewhere, unless no other core is left to it.
void striate_leave_cpu(int cpu);

/// Gives the calling thread back the cores it had before `striate_leave_cpu`.
void striate_restore_cpus(void);

/// Remembers of the calling thread that its work must not be felt by others.
void striate_work_alone(void);

/// Whether `striate_work_alone` was called on this thread.
int striate_works_alone(void);

/// Lets threads that wait for this core run first, on a thread that works alone; nothing on others.
void striate_give_way(void);

/// Remembers whose turn the calling thread computes in; NULL for nobody's.
void striate_set_turn(void *turn);

/// What `striate_set_turn` was given on this thread.
void *striate_turn(void);

/// Gives memory that was freed, but kept for later, back to the system.
void striate_release_free_memory(void);

/// Asks for the memory from `start` on, `count` bytes, which are about to be read.
static inline void striate_prefetch(const void *start, long count) {
    for (long offset = 0; offset < count; offset += 64) __builtin_prefetch((const char *)start + offset);
}

/// Tells the core that the calling thread is spinning.
static inline void striate_cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
