"""Makes odd.json in this folder: python odd.py (Pillow 13.0.0, NumPy 2.4.6, jpegtran of libjpeg-turbo 2.1.5).

Odd but valid PNG and JPEG files, with what Pillow makes of them. Where the product has a rule of its own, the
expected value follows it; it stands with the case as "rule":

  white   transparency is laid over white (Pillow drops it)
  profile profiles and gamma are ignored (so does Pillow, unless asked)
  depth   16 bits are rounded to 8 (Pillow cuts them, or keeps them)

and "smoothing" stands where libjpeg-turbo 2.1.5 differs from Pillow's 3.2: in what it makes of the means alone.
"""

import io
import json
import pathlib
import struct
import subprocess
import warnings
import zlib

import jpeg
import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps
from make import chunk, over_white, picture, smooth, text, to_eight_bits, write_png

folder = pathlib.Path(__file__).parent
random = np.random.default_rng(20261128)
HEIGHT, WIDTH = 19, 35


def pillow(file):
    """Grey or RGB, upright."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))


def case(name, file, expected=None, rule="", warns=False):
    expected = pillow(file) if expected is None else expected
    return {"name": name, "file": text(file), "rule": rule, "warns": warns} | picture(expected)


def inserted(file, offset, data):
    return file[:offset] + data + file[offset:]


# JPEG


def ycc(rgb):
    return [np.asarray(p) for p in Image.fromarray(rgb).convert("YCbCr").split()]


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def transcoded(file, *options):
    return subprocess.run(["jpegtran", *options], input=file, capture_output=True, check=True).stdout


def sampled():
    planes = ycc(smooth(HEIGHT, WIDTH, 3))
    for h, v in [(1, 4), (3, 1), (4, 2), (4, 1), (1, 2), (2, 2), (1, 3), (4, 4)]:
        if h * v > 8:
            continue
        yield case(f"JPEG sampled {h}x{v}", jpeg.encode(planes, [(h, v), (1, 1), (1, 1)], jpeg.jfif()))
    mixed = [(2, 2), (2, 1), (1, 2)]
    yield case("JPEG sampled 2x2, 2x1, 1x2", jpeg.encode(planes, mixed, jpeg.jfif()))
    yield case("JPEG with finer colour than brightness", jpeg.encode(planes, [(1, 1), (2, 2), (2, 2)]))
    yield case("JPEG of one component sampled 2x2", jpeg.encode(planes[:1], [(2, 2)]))
    scans = jpeg.encode(planes, [(2, 2), (1, 1), (1, 1)], jpeg.jfif(), separate=True)
    yield case("JPEG with a scan for each colour", scans)


def coloured():
    rgb = smooth(HEIGHT, WIDTH, 3)
    planes = [rgb[..., c] for c in range(3)]
    same = [(1, 1)] * 4
    yield case("JPEG in RGB by Adobe's marker", jpeg.encode(planes, same[:3], jpeg.adobe(0)))
    yield case("JPEG in RGB by its components' names", jpeg.encode(planes, same[:3], ids=b"RGB"))
    yield case("JPEG in YCbCr by Adobe's marker", jpeg.encode(ycc(rgb), same[:3], jpeg.adobe(1)))
    yield case("JPEG without any marker of its colours", jpeg.encode(ycc(rgb), same[:3]))
    yield case("JPEG with components 0, 1, 2", jpeg.encode(ycc(rgb), same[:3], ids=(0, 1, 2)))
    inks = smooth(HEIGHT, WIDTH, 4)
    planes = [inks[..., c] for c in range(4)]
    yield case("JPEG in CMYK, saved by Pillow", saved(Image.fromarray(inks, "CMYK"), quality=90))
    yield case("JPEG in CMYK without a marker", jpeg.encode(planes, same))
    yield case("JPEG in CMYK by Adobe's marker", jpeg.encode(planes, same, jpeg.adobe(0)))
    ycck = ycc(inks[..., :3]) + planes[3:]
    yield case("JPEG in YCCK", jpeg.encode(ycck, same, jpeg.adobe(2)))
    halved = [(2, 2), (1, 1), (1, 1), (2, 2)]
    yield case("JPEG in YCCK, halved colours", jpeg.encode(ycck, halved, jpeg.adobe(2)))
    cmyk = saved(Image.fromarray(inks, "CMYK"), quality=90)
    yield case("JPEG in CMYK, progressive", transcoded(cmyk, "-progressive"))


def marked():
    """What libjpeg only warns of."""
    planes = ycc(smooth(HEIGHT, WIDTH, 3))
    same = [(1, 1)] * 3
    plain = jpeg.encode(planes, same, jpeg.jfif())
    yield case("JPEG with bytes before its end", inserted(plain, -2, b"\x12\x34\x56" * 9), warns=True)
    yield case("JPEG of version 2.01", jpeg.encode(planes, same, jpeg.jfif(2, 1)), warns=True)
    yield case("JPEG with Se = 0", jpeg.encode(planes, same, jpeg.jfif(), end=0), warns=True)
    yield case("JPEG without an end", plain[:-2], pillow(plain), warns=True)
    yield case("JPEG with bytes before its frame", inserted(plain, 20, b"\0\0\0"), warns=True)
    yield case("JPEG with bytes behind its end", plain + b"\0" * 99 + b"\xff\xd8\xff")
    yield case("JPEG with fill bytes before its markers", inserted(plain, 20, b"\xff\xff\xff"))
    yield case("JPEG with restarts", jpeg.encode(planes, same, jpeg.jfif(), restart=3))
    lost = jpeg.encode(planes, same, jpeg.jfif(), restart=3)
    at = lost.index(b"\xff\xd2")
    yield case("JPEG with a restart out of turn", lost[: at + 1] + b"\xd3" + lost[at + 2 :], warns=True)
    hurt = lost[: at - 60] + lost[at:]
    yield case("JPEG with bytes missing between restarts", hurt, warns=True)
    early = plain[: len(plain) * 2 // 3] + b"\xff\xd9"
    yield case("JPEG whose end comes early", early, warns=True)
    yield case("JPEG with a comment", inserted(plain, 2, jpeg.segment(0xFE, bytes(3000))))
    profile = jpeg.segment(0xE2, b"ICC_PROFILE\0\1\1" + ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:400])
    yield case("JPEG with a profile", inserted(plain, 20, profile), rule="profile")


def progressive():
    image = Image.fromarray(smooth(HEIGHT, WIDTH, 3))
    file = saved(image, quality=80, progressive=True)
    starts = [i for i in range(len(file) - 1) if file[i : i + 2] == b"\xff\xda"]
    yield case("JPEG, progressive", file)
    yield case("JPEG, progressive, grey", saved(image.convert("L"), progressive=True))
    for count in [len(starts) - 1, len(starts) // 2, 3, 1]:
        # Up to the tables of the next scan.
        cut = file[: file.rindex(b"\xff\xc4", 0, starts[count])] + b"\xff\xd9"
        rule = "smoothing" if count == 1 else ""
        name = f"JPEG, progressive, {count} scans of {len(starts)}"
        yield case(name, cut, pillow(cut), rule, warns=True)
    yield case("JPEG, arithmetic coding", transcoded(file, "-arithmetic"))
    yield case("JPEG, arithmetic coding, progressive", transcoded(file, "-arithmetic", "-progressive"))
    restarts = transcoded(file, "-restart", "1", "-progressive")
    yield case("JPEG, progressive, with restarts", restarts)


def thin():
    for height, width in [(1, 1), (1, 70), (70, 1), (2, 3)]:
        for subsampling in [0, 2]:
            image = Image.fromarray(smooth(height, width, 3))
            file = saved(image, quality=90, subsampling=subsampling)
            yield case(f"JPEG of {width}x{height}, subsampling {subsampling}", file)


def turned():
    image = Image.fromarray(smooth(HEIGHT, WIDTH, 3))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield case(f"JPEG of orientation {orientation}", saved(image, quality=90, exif=exif))
        buffer = io.BytesIO()
        image.save(buffer, "PNG", exif=exif)
        yield case(f"PNG of orientation {orientation}", buffer.getvalue())
    for orientation in [0, 9]:
        exif = Image.Exif()
        exif[0x0112] = orientation
        file = saved(image, quality=90, exif=exif)
        yield case(f"JPEG of orientation {orientation}, which is none", file)
    little = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    file = inserted(saved(image, quality=90), 20, jpeg.segment(0xE1, little))
    yield case("JPEG of orientation 6, little-endian", file)
    xmp = jpeg.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    yield case("JPEG with XMP before EXIF", inserted(file, 20, xmp))


# PNG


def png_file(colour, depth, interlaced=False, transparency=False, size=(HEIGHT, WIDTH)):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    samples = random.integers(0, 1 << depth, (*size, channels))
    palette = transparent = None
    if colour == 3:
        palette = random.integers(0, 256, (1 << depth, 3))
        alphas = np.full(1 << depth, 255)
        if transparency:
            alphas[:2] = [0, 100]
            transparent = bytes([0, 100])
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
    expected = expected[..., 0] if expected.shape[2] == 1 else expected
    return write_png(samples, colour, depth, interlaced, palette, transparent), expected


def pngs():
    names = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGB and alpha"}
    depths = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
    for colour, choices in depths.items():
        for depth in choices:
            for interlaced in [False, True]:
                for transparency in [False, True] if colour in [0, 2, 3] else [False]:
                    file, expected = png_file(colour, depth, interlaced, transparency)
                    rule = "white" if transparency or colour & 4 else "depth" if depth == 16 else ""
                    name = f"PNG, {names[colour]}, {depth} bits"
                    name += (", Adam7" if interlaced else "") + (", tRNS" if transparency else "")
                    yield case(name, file, expected if rule else None, rule)
    for height, width in [(1, 1), (1, 9), (9, 1), (2, 2), (5, 4), (3, 8)]:
        for colour, depth in [(2, 8), (0, 1)]:
            file, _ = png_file(colour, depth, True, size=(height, width))
            yield case(f"PNG, {names[colour]}, Adam7, {width}x{height}", file)


def rebuilt(file, change):
    """A PNG of the chunks that `change` makes of (kind, data) pairs."""
    out, offset, chunks = file[:8], 8, []
    while offset < len(file):
        (length,) = struct.unpack(">I", file[offset : offset + 4])
        chunks.append((file[offset + 4 : offset + 8], file[offset + 8 : offset + 8 + length]))
        offset += 12 + length
    return out + b"".join(chunk(*c) for c in change(chunks))


def before_data(*extra):
    def change(chunks):
        first = next(i for i, c in enumerate(chunks) if c[0] == b"IDAT")
        return chunks[:first] + list(extra) + chunks[first:]

    return change


def chunked():
    file, _ = png_file(2, 8)
    data = b"".join(d for k, d in
                    [(file[i + 4 : i + 8], file[i + 8 : i + 8 + struct.unpack(">I", file[i : i + 4])[0]])
                     for i in offsets(file)] if k == b"IDAT")

    def split(pieces):
        return lambda chunks: [c for c in chunks if c[0] not in (b"IDAT", b"IEND")] + pieces + [(b"IEND", b"")]

    single = [(b"IDAT", data[i : i + 1]) for i in range(0, 300)] + [(b"IDAT", data[300:])]
    empty = [(b"IDAT", b""), (b"IDAT", data[:50]), (b"IDAT", b""), (b"IDAT", data[50:]), (b"IDAT", b"")]
    yield case("PNG with IDATs of one byte", rebuilt(file, split(single)))
    yield case("PNG with IDATs of no bytes", rebuilt(file, split(empty)))
    yield case("PNG with bytes behind its end", file + b"\0garbage\x89PNG")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, extra in {
        "gAMA 1.0": (b"gAMA", struct.pack(">I", 100000)),
        "gAMA 0": (b"gAMA", struct.pack(">I", 0)),
        "iCCP": (b"iCCP", b"sRGB\0\0" + zlib.compress(profile)),
        "a broken iCCP": (b"iCCP", b"x\0\0nonsense"),
        "sRGB": (b"sRGB", b"\0"),
        "cHRM": (b"cHRM", struct.pack(">8I", *[31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000])),
        "sBIT": (b"sBIT", b"\5\6\5"),
        "bKGD": (b"bKGD", struct.pack(">3H", 10, 20, 30)),
        "an unknown ancillary chunk": (b"prVt", b"whatever" * 10),
        "a text": (b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 1000)),
        "a suggested palette": (b"PLTE", bytes(range(30))),
    }.items():
        yield case(f"PNG with {name}", rebuilt(file, before_data(extra)), pillow(file), "profile")
    rows = smooth(HEIGHT, WIDTH, 3)
    buffer = io.BytesIO()
    Image.fromarray(rows).save(buffer, "PNG", optimize=True)
    yield case("PNG with filtered rows", buffer.getvalue())
    animated = io.BytesIO()
    frames = [Image.fromarray(smooth(HEIGHT, WIDTH, 3)) for _ in range(2)]
    frames[0].save(animated, "PNG", save_all=True, append_images=frames[1:])
    yield case("PNG, animated", animated.getvalue())


def offsets(file):
    offset = 8
    while offset < len(file):
        yield offset
        offset += 12 + struct.unpack(">I", file[offset : offset + 4])[0]


# What is refused


def refused():
    planes = ycc(smooth(HEIGHT, WIDTH, 3))
    same = [(1, 1)] * 3
    plain = jpeg.encode(planes, same, jpeg.jfif())
    png, _ = png_file(2, 8)
    yield "JPEG of 12 bits", jpeg.encode(planes, same, frame=0xC1, bits_a_sample=12), "12"
    yield "JPEG, lossless", jpeg.encode(planes, same, frame=0xC3), "0xc3|lossless"
    yield "JPEG of two components", jpeg.encode(planes[:2], same[:2]), "2 colour components"
    yield "JPEG sampled 3x1, 2x1, 1x1", jpeg.encode(planes, same).replace(
        bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11]), bytes([1, 0x31, 0, 2, 0x21, 0, 3, 0x11])
    ), "not read"
    yield "JPEG cut off", plain[: len(plain) // 2], "cut off"
    yield "JPEG cut off before its scan", plain[:120], "cut off"
    yield "PNG cut off", png[: len(png) // 2], "cut off"
    yield "PNG with a wrong checksum", png[:1000] + bytes([png[1000] ^ 1]) + png[1001:], "damaged"
    yield "PNG with an unknown critical chunk", rebuilt(png, before_data((b"ABCD", b""))), "ABCD"


def main():
    warnings.simplefilter("ignore")
    groups = [sampled, coloured, marked, progressive, thin, turned, pngs, chunked]
    cases = [c for group in groups for c in group()]
    assert len({c["name"] for c in cases}) == len(cases)
    rows = ",\n".join(json.dumps(c) for c in cases)
    (folder / "odd.json").write_text(f"[\n{rows}\n]\n")
    rows = ",\n".join(json.dumps({"name": n, "file": text(f), "sentence": s}) for n, f, s in refused())
    (folder / "refused.json").write_text(f"[\n{rows}\n]\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
