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

/// A part of a deflate stream, of runs and single bytes only (Z_RLE): fast, and for maps of numbers as small as any other.
/// It begins and ends with whole bytes, so that parts follow each other; `is_last` ends the stream. `capacity` is at least
/// compressBound(count) + 16; returns the bytes written, 0 where memory ended.
static inline size_t deflate_runs(const void *bytes, size_t count, void *output, size_t capacity, int is_last) {
    z_stream stream = {0};
    if (count > 0xFFFFFFFFu || capacity > 0xFFFFFFFFu ||
        deflateInit2(&stream, 1, Z_DEFLATED, -15, 9, Z_RLE) != Z_OK) return 0;
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = (Bytef *)output;
    stream.avail_out = (uInt)capacity;
    int status = deflate(&stream, is_last ? Z_FINISH : Z_SYNC_FLUSH);
    size_t written = capacity - stream.avail_out;
    deflateEnd(&stream);
    return status == (is_last ? Z_STREAM_END : Z_OK) ? written : 0;
}
