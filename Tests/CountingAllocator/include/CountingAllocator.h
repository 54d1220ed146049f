// Counts the calling thread's heap allocations by standing in front of malloc.
//
// Under a sanitizer, which brings its own malloc, nothing is counted.
#pragma once

#include <stdbool.h>

/// Whether allocations are counted in this build.
bool counting_allocator_works(void);

/// Allocations the calling thread has made so far.
long counting_allocator_count(void);
