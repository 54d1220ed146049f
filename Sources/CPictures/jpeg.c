#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum {
    kept_warnings = 4,
    // Each is a pass over all pixels, even where a scan is only its header.
    most_scans = 500,
};

struct jpeg_reader {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    jmp_buf failure;
    const uint8_t *bytes;
    size_t count;
    bool is_created;
    // No byte was left when one was asked for.
    bool has_run_out;
    // The data of a scan ended before its pixels.
    bool lacks_data;
    int warning_codes[kept_warnings];
    char warnings[kept_warnings][JMSG_LENGTH_MAX];
    int warning_count;
    char message[JMSG_LENGTH_MAX];
};

static void fail(j_common_ptr codec) {
    jpeg_reader *reader = codec->client_data;
    codec->err->format_message(codec, reader->message);
    longjmp(reader->failure, 1);
}

// Level -1 is a warning, others are traces.
static void note(j_common_ptr codec, int level) {
    if (level >= 0) return;
    jpeg_reader *reader = codec->client_data;
    int code = codec->err->msg_code;
    if (code == JWRN_JPEG_EOF) reader->has_run_out = true;
    if (code == JWRN_HIT_MARKER) reader->lacks_data = true;
    for (int index = 0; index < reader->warning_count; index += 1)
        if (reader->warning_codes[index] == code) return;
    if (reader->warning_count == kept_warnings) return;
    reader->warning_codes[reader->warning_count] = code;
    codec->err->format_message(codec, reader->warnings[reader->warning_count]);
    reader->warning_count += 1;
}

static void say_nothing(j_common_ptr codec) { (void)codec; }

static picture_result result(const jpeg_reader *reader) {
    switch (reader->errors.msg_code) {
    case JERR_OUT_OF_MEMORY: return picture_out_of_memory;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
        return picture_unsupported;
    default: return reader->has_run_out ? picture_truncated : picture_damaged;
    }
}

jpeg_reader *jpeg_reader_create(const uint8_t *bytes, size_t count) {
    jpeg_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->bytes = bytes;
    reader->count = count;
    reader->codec.err = jpeg_std_error(&reader->errors);
    reader->codec.client_data = reader;
    reader->errors.error_exit = fail;
    reader->errors.emit_message = note;
    reader->errors.output_message = say_nothing;
    return reader;
}

void jpeg_reader_destroy(jpeg_reader *reader) {
    if (reader->is_created) jpeg_destroy_decompress(&reader->codec);
    free(reader);
}

// In blocks of 64 coefficients of two bytes, as libjpeg rounds them up.
static uint64_t kept_bytes(const struct jpeg_decompress_struct *codec) {
    uint64_t blocks = 0;
    uint64_t unit_width = 8u * (unsigned)codec->max_h_samp_factor;
    uint64_t unit_height = 8u * (unsigned)codec->max_v_samp_factor;
    uint64_t units = (codec->image_width + unit_width - 1) / unit_width
        * ((codec->image_height + unit_height - 1) / unit_height);
    for (int index = 0; index < codec->num_components; index += 1) {
        const jpeg_component_info *component = &codec->comp_info[index];
        blocks += units * (unsigned)(component->h_samp_factor * component->v_samp_factor);
    }
    return blocks * sizeof(JBLOCK);
}

picture_result jpeg_reader_header(jpeg_reader *reader, jpeg_header *header) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (setjmp(reader->failure)) return result(reader);
    // Creating clears all but the error manager and this pointer.
    jpeg_create_decompress(codec);
    reader->is_created = true;
    jpeg_mem_src(codec, reader->bytes, reader->count);
    jpeg_read_header(codec, TRUE);
    switch (codec->num_components) {
    case 1: codec->out_color_space = JCS_GRAYSCALE; break;
    case 3: codec->out_color_space = JCS_RGB; break;
    case 4: codec->out_color_space = JCS_CMYK; break;
    default:
        snprintf(reader->message, sizeof reader->message, "%d colour components",
                 codec->num_components);
        return picture_unsupported;
    }
    header->width = codec->image_width;
    header->height = codec->image_height;
    header->channels = codec->num_components;
    header->has_scans = jpeg_has_multiple_scans(codec);
    header->kept_bytes = header->has_scans ? kept_bytes(codec) : 0;
    return picture_ok;
}

picture_result jpeg_reader_start(jpeg_reader *reader) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (setjmp(reader->failure)) return result(reader);
    // Lets the scans be read strip by strip; otherwise all are read here.
    codec->buffered_image = jpeg_has_multiple_scans(codec);
    jpeg_start_decompress(codec);
    return picture_ok;
}

// libjpeg would go on, painting what is missing grey.
static bool is_cut(const jpeg_reader *reader) { return reader->has_run_out && reader->lacks_data; }

picture_result jpeg_reader_absorb(jpeg_reader *reader, bool *is_complete) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (setjmp(reader->failure)) return result(reader);
    *is_complete = jpeg_consume_input(codec) == JPEG_REACHED_EOI;
    if (codec->input_scan_number > most_scans) {
        snprintf(reader->message, sizeof reader->message, "more than %d scans", most_scans);
        return picture_unsupported;
    }
    if (*is_complete) jpeg_start_output(codec, codec->input_scan_number);
    return is_cut(reader) ? picture_truncated : picture_ok;
}

picture_result jpeg_reader_row(jpeg_reader *reader, uint8_t *row) {
    if (setjmp(reader->failure)) return result(reader);
    jpeg_read_scanlines(&reader->codec, &row, 1);
    return is_cut(reader) ? picture_truncated : picture_ok;
}

// Whether every coefficient of every colour has come, to its last bit.
static bool has_all_scans(const struct jpeg_decompress_struct *codec) {
    for (int index = 0; index < codec->num_components; index += 1) {
        // A colour without a scan never had its table taken.
        if (codec->comp_info[index].quant_table == NULL) return false;
        if (codec->coef_bits == NULL) continue;
        for (int coefficient = 0; coefficient < DCTSIZE2; coefficient += 1)
            if (codec->coef_bits[index][coefficient] != 0) return false;
    }
    return true;
}

static void warn(jpeg_reader *reader, const char *text) {
    if (reader->warning_count == kept_warnings) reader->warning_count -= 1;
    reader->warning_codes[reader->warning_count] = 0;
    snprintf(reader->warnings[reader->warning_count], JMSG_LENGTH_MAX, "%s", text);
    reader->warning_count += 1;
}

picture_result jpeg_reader_finish(jpeg_reader *reader) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    // Looked at first: finishing gives back what this reads.
    bool is_whole = !jpeg_has_multiple_scans(codec) || has_all_scans(codec);
    bool is_arithmetic = codec->arith_code;
    if (setjmp(reader->failure)) {
        // The picture is there, what follows it is broken.
        warn(reader, reader->message);
        return picture_ok;
    }
    if (!is_whole) warn(reader, "Scans that would refine the picture are missing");
    // One without an end marker may be whole. Arithmetic coding has no sign of a lack of data.
    if (reader->has_run_out && (!is_whole || is_arithmetic))
        return picture_truncated;
    if (!codec->buffered_image) jpeg_finish_decompress(codec);
    return picture_ok;
}

const char *jpeg_reader_message(const jpeg_reader *reader) { return reader->message; }

const char *jpeg_reader_warning(const jpeg_reader *reader, int index) {
    return index < reader->warning_count ? reader->warnings[index] : NULL;
}
