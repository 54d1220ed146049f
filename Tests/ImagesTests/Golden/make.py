"""Makes the golden cases in this folder: python make.py (Pillow 13.0.0, NumPy 2.4.6).

png.json     every colour type and bit depth, with and without Adam7 and tRNS, written here byte by byte
             from the specification, with the samples they must decode to
jpeg.json    grey, colour, progressive and oriented files, with Pillow's decoding
resize.json  random pictures resized and fitted by Pillow
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

random = np.random.default_rng(20261123)
folder = pathlib.Path(__file__).parent


def text(data):
    return base64.b64encode(bytes(data)).decode()


def picture(array):
    channels = 1 if array.ndim == 2 else array.shape[2]
    return {
        "width": array.shape[1],
        "height": array.shape[0],
        "channels": channels,
        "samples": text(np.ascontiguousarray(array, dtype=np.uint8).tobytes()),
    }


# PNG

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data=b""):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def packed_rows(samples, depth):
    """Rows of [height, width, channels] samples, each with filter type 0."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            data = flat.astype(">u2").tobytes()
        elif depth == 8:
            data = flat.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        rows += b"\0" + data
    return rows


def write_png(samples, colour, depth, interlaced, palette=None, transparent=None):
    height, width, _ = samples.shape
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    # Ignored on purpose: a gamma that would change every sample, and a text.
    out += chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"tEXt", b"Title\0golden")
    if palette is not None:
        out += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if transparent is not None:
        out += chunk(b"tRNS", transparent)
    if interlaced:
        data = b""
        for x, y, dx, dy in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                data += packed_rows(part, depth)
    else:
        data = packed_rows(samples, depth)
    compressed = zlib.compress(data)
    middle = len(compressed) // 2
    out += chunk(b"IDAT", compressed[:middle]) + chunk(b"IDAT", compressed[middle:])
    return out + chunk(b"IEND")


def to_eight_bits(samples, depth):
    samples = samples.astype(np.int64)
    if depth == 16:
        return (samples * 255 + 32895) >> 16
    return samples * 255 // ((1 << depth) - 1)


def over_white(colours, alpha):
    return (colours * alpha + 255 * (255 - alpha) + 127) // 255


def png_case(colour, depth, interlaced, transparency, size):
    samples = random.integers(0, 1 << depth, (*size, CHANNELS[colour]))
    palette = transparent = None
    if colour == 3:
        palette = random.integers(0, 256, (1 << depth, 3))
        alphas = np.full(1 << depth, 255)
        if transparency:
            alphas[: max(1, len(alphas) // 2)] = random.integers(0, 256, max(1, len(alphas) // 2))
            transparent = alphas[: max(1, len(alphas) // 2)].astype(np.uint8).tobytes()
        expected = over_white(palette[samples[..., 0]], alphas[samples])
    else:
        colours = samples[..., : 3 if colour & 2 else 1]
        expected = to_eight_bits(colours, depth)
        if colour & 4:
            expected = over_white(expected, to_eight_bits(samples[..., -1:], depth))
        if transparency:
            key = colours[size[0] // 2, size[1] // 2]
            transparent = struct.pack(f">{len(key)}H", *key)
            expected[(colours == key).all(axis=2)] = 255
    name = f"colour type {colour}, {depth} bits" + (", Adam7" if interlaced else "")
    name += (", tRNS" if transparency else "") + f", {size[1]}x{size[0]}"
    file = write_png(samples, colour, depth, interlaced, palette, transparent)
    expected = expected[..., 0] if expected.shape[2] == 1 else expected
    return {"name": name, "file": text(file)} | picture(expected)


def png_cases():
    depths = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
    for colour, choices in depths.items():
        for depth in choices:
            for interlaced in [False, True]:
                yield png_case(colour, depth, interlaced, False, (11, 13))
                if colour in [0, 2, 3]:
                    yield png_case(colour, depth, interlaced, True, (6, 7))
    yield png_case(2, 8, True, False, (1, 1))
    yield png_case(0, 1, True, False, (3, 2))


# JPEG


def smooth(height, width, channels):
    small = random.integers(0, 256, (4, 4, channels), dtype=np.uint8)
    planes = [Image.fromarray(small[..., c]).resize((width, height), Image.BICUBIC) for c in range(channels)]
    return np.stack([np.asarray(p) for p in planes], axis=2)


def jpeg_case(name, image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    decoded = ImageOps.exif_transpose(Image.open(io.BytesIO(buffer.getvalue())))
    return {"name": name, "file": text(buffer.getvalue())} | picture(np.asarray(decoded))


def jpeg_cases():
    grey = Image.fromarray(smooth(19, 25, 1)[..., 0])
    colour = Image.fromarray(smooth(19, 25, 3))
    yield jpeg_case("grey", grey, quality=90)
    yield jpeg_case("colour 4:4:4", colour, quality=90, subsampling=0)
    yield jpeg_case("colour 4:2:0", colour, quality=85, subsampling=2)
    yield jpeg_case("progressive", colour, quality=85, progressive=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield jpeg_case(f"orientation {orientation}", colour, quality=90, subsampling=0, exif=exif)


# Resizing

FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "area": Image.BOX}


def resize_cases():
    for height, width, channels in [(17, 23, 3), (28, 28, 1), (40, 9, 1), (1, 5, 3), (37, 31, 3)]:
        array = random.integers(0, 256, (height, width, channels), dtype=np.uint8)
        array = array[..., 0] if channels == 1 else array
        image = Image.fromarray(array)
        source = {"input": picture(array)}
        for size in [(28, 28), (7, 11), (31, 5)]:
            for name, method in FILTERS.items():
                results = {
                    "stretch": image.resize(size, method),
                    "pad": ImageOps.pad(image, size, method, color=7 if channels == 1 else (7, 7, 7)),
                    "crop": ImageOps.fit(image, size, method),
                }
                for mode, result in results.items():
                    # The input stands only where it changes.
                    yield {"mode": mode, "filter": name, "output": picture(np.asarray(result))} | source
                    source = {}
            # Which axis comes first depends on Pillow's version, and shows where sums are cut off at 0 and 255.
            result = image.resize((size[0], height), Image.BICUBIC).resize(size, Image.BICUBIC)
            yield {"mode": "stretch", "filter": "bicubic", "output": picture(np.asarray(result))}


def main():
    for name, cases in [("png", png_cases()), ("jpeg", jpeg_cases()), ("resize", resize_cases())]:
        rows = ",\n".join(json.dumps(case) for case in cases)
        (folder / f"{name}.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
