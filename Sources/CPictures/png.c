#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

enum { signature_length = 8, message_length = 128 };

struct png_reader {
    png_structp codec;
    png_infop info;
    jmp_buf failure;
    const uint8_t *bytes;
    size_t count;
    // Where the next byte is, and how many of its chunk are left.
    size_t offset;
    size_t left;
    bool has_run_out;
    bool lacks_memory;
    char message[message_length];
    char warning[message_length];
};

static void fail(png_structp codec, png_const_charp message) {
    png_reader *reader = png_get_error_ptr(codec);
    snprintf(reader->message, sizeof reader->message, "%s", message);
    longjmp(reader->failure, 1);
}

static void note(png_structp codec, png_const_charp message) {
    png_reader *reader = png_get_error_ptr(codec);
    if (reader->warning[0] == 0)
        snprintf(reader->warning, sizeof reader->warning, "%s", message);
}

static png_voidp allocate(png_structp codec, png_alloc_size_t size) {
    png_reader *reader = png_get_mem_ptr(codec);
    void *memory = malloc(size);
    if (memory == NULL) reader->lacks_memory = true;
    return memory;
}

static void release(png_structp codec, png_voidp memory) {
    (void)codec;
    free(memory);
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool makes_pixels(const uint8_t *type) {
    static const char *const types[] = {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};
    for (size_t index = 0; index < sizeof types / sizeof types[0]; index += 1)
        if (memcmp(type, types[index], 4) == 0) return true;
    return false;
}

// Moves to the next chunk that makes pixels; false at the end.
static bool enter_chunk(png_reader *reader) {
    while (reader->count - reader->offset >= 12) {
        const uint8_t *chunk = reader->bytes + reader->offset;
        size_t length = (size_t)big_endian(chunk) + 12;
        if (length > reader->count - reader->offset) return false;
        if (makes_pixels(chunk + 4)) {
            reader->left = length;
            return true;
        }
        reader->offset += length;
    }
    return false;
}

static void feed(png_structp codec, png_bytep target, size_t count) {
    png_reader *reader = png_get_io_ptr(codec);
    while (count > 0) {
        if (reader->left == 0 && !enter_chunk(reader)) {
            reader->has_run_out = true;
            png_error(codec, "the data ends early");
        }
        size_t part = count < reader->left ? count : reader->left;
        memcpy(target, reader->bytes + reader->offset, part);
        reader->offset += part;
        reader->left -= part;
        target += part;
        count -= part;
    }
}

static picture_result result(const png_reader *reader) {
    if (reader->lacks_memory) return picture_out_of_memory;
    return reader->has_run_out ? picture_truncated : picture_damaged;
}

png_reader *png_reader_create(const uint8_t *bytes, size_t count) {
    png_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->bytes = bytes;
    reader->count = count;
    reader->left = count < signature_length ? count : signature_length;
    return reader;
}

void png_reader_destroy(png_reader *reader) {
    if (reader->codec != NULL) png_destroy_read_struct(&reader->codec, &reader->info, NULL);
    free(reader);
}

picture_result png_reader_header(png_reader *reader, png_header *header) {
    if (setjmp(reader->failure)) return result(reader);
    reader->codec = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, reader, fail, note, reader,
                                             allocate, release);
    if (reader->codec == NULL) return picture_out_of_memory;
    reader->info = png_create_info_struct(reader->codec);
    if (reader->info == NULL) return picture_out_of_memory;
    // What need not spoil the pixels is a warning, as in libpng's simplified interface.
    png_set_benign_errors(reader->codec, 1);
    png_set_read_fn(reader->codec, reader, feed);
    png_read_info(reader->codec, reader->info);
    png_set_expand(reader->codec);
    png_read_update_info(reader->codec, reader->info);
    header->width = png_get_image_width(reader->codec, reader->info);
    header->height = png_get_image_height(reader->codec, reader->info);
    header->channels = png_get_channels(reader->codec, reader->info);
    header->bits = png_get_bit_depth(reader->codec, reader->info);
    header->is_interlaced =
        png_get_interlace_type(reader->codec, reader->info) == PNG_INTERLACE_ADAM7;
    return picture_ok;
}

picture_result png_reader_row(png_reader *reader, uint8_t *row) {
    if (setjmp(reader->failure)) return result(reader);
    png_read_row(reader->codec, row, NULL);
    return picture_ok;
}

const char *png_reader_message(const png_reader *reader) { return reader->message; }

const char *png_reader_warning(const png_reader *reader) {
    return reader->warning[0] == 0 ? NULL : reader->warning;
}
