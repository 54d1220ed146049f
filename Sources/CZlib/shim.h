#pragma once

#include <zlib.h>

// inflateInit2 and deflateInit2 are macros, which Swift does not import.
// Window bits: 15 for a zlib wrapper, 15 + 16 for a gzip wrapper, both with the full window.

static inline int inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
