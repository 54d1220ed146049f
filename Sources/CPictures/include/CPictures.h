// Rows of JPEG and PNG files, one at a time. libjpeg and libpng report errors with longjmp, which may not cross
// Swift code: every function here catches it and returns a result instead.
//
// The bytes of a file must stay where they are until its reader is destroyed. A reader that failed can only be
// asked for its message and destroyed.
#ifndef CPICTURES_H
#define CPICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    picture_ok,
    // The bytes are wrong; the message says how.
    picture_damaged,
    // The file ended before its picture.
    picture_truncated,
    // A variant that the library does not read; the message says which.
    picture_unsupported,
    picture_out_of_memory,
} picture_result;

// JPEG

typedef struct jpeg_reader jpeg_reader;

typedef struct {
    uint32_t width, height;
    // What a row's pixels are: 1 grey, 3 RGB, 4 CMYK as it stands in the file.
    int channels;
    // Its scans have to be read, all of them, before the first row: it is progressive, or one colour after the other.
    bool has_scans;
    // What is kept of such a picture until then.
    uint64_t kept_bytes;
} jpeg_header;

// NULL when there is no memory.
jpeg_reader *jpeg_reader_create(const uint8_t *bytes, size_t count);
void jpeg_reader_destroy(jpeg_reader *reader);

picture_result jpeg_reader_header(jpeg_reader *reader, jpeg_header *header);

// Must be called once between header and rows.
picture_result jpeg_reader_start(jpeg_reader *reader);

// Of a picture that has scans, reads a strip of one of them, until `is_complete`.
picture_result jpeg_reader_absorb(jpeg_reader *reader, bool *is_complete);

picture_result jpeg_reader_row(jpeg_reader *reader, uint8_t *row);

// After the last row: reads up to the end marker and says whether anything of the picture was missing.
picture_result jpeg_reader_finish(jpeg_reader *reader);

const char *jpeg_reader_message(const jpeg_reader *reader);

// What libjpeg warned of, each kind once; NULL past the last.
const char *jpeg_reader_warning(const jpeg_reader *reader, int index);

// PNG

typedef struct png_reader png_reader;

typedef struct {
    uint32_t width, height;
    // Grey, grey and alpha, RGB, RGB and alpha.
    int channels;
    // Of a sample, 8 or 16 (big-endian).
    int bits;
    bool is_interlaced;
} png_header;

// NULL when there is no memory. Only the chunks that make the pixels are read: the header, the palette, its
// transparency and the data. `bytes` begins with a signature and holds whole chunks up to IEND.
png_reader *png_reader_create(const uint8_t *bytes, size_t count);
void png_reader_destroy(png_reader *reader);

// Samples will be of 8 or 16 bits, without a palette, with alpha if there is transparency of any kind.
picture_result png_reader_header(png_reader *reader, png_header *header);

// The next row of the picture, or of the current pass of an interlaced one: its pixels from the left, in a row
// that has room for the picture's width. NULL passes over a row.
picture_result png_reader_row(png_reader *reader, uint8_t *row);

const char *png_reader_message(const png_reader *reader);

// What libpng warned of first; NULL if nothing.
const char *png_reader_warning(const png_reader *reader);

#endif
