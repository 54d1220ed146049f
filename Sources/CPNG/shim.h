// libpng's simplified interface keeps setjmp inside C; only its macros need a spelling that Swift can import.
#pragma once

#include <png.h>
#include <string.h>

static inline void png_image_prepare(png_image *image) {
    memset(image, 0, sizeof *image);
    image->version = PNG_IMAGE_VERSION;
}

/// The most bytes that the encoded picture can take: allocating them at once saves compressing twice.
static inline size_t png_image_encoded_bound(const png_image *image) {
    return PNG_IMAGE_PNG_SIZE_MAX(*image);
}

static inline const char *png_image_message(const png_image *image) {
    return image->message;
}
