#pragma once

#include <zlib.h>

// inflateInit2 is a macro, which Swift does not import. 15 + 16: a gzip wrapper and the full window.
static inline int gunzip_init(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
