// Numbers that look random and come again with the same seed (SplitMix64).
#pragma once

#include <stdint.h>

static uint64_t seed_state;

static inline uint64_t next(void) {
    uint64_t z = (seed_state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static inline long between(long a, long b) { return a + (long)(next() % (uint64_t)(b - a + 1)); }
