"""A baseline JPEG encoder for files that no other encoder writes: any sampling, any colours, odd markers."""

import struct

import numpy as np

# The tables of annex K: how many codes of each length there are, and what they stand for.
DC = ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], list(range(12)))
AC = (
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
    bytes.fromhex(
        "010203000411051221314106135161072271143281"
        "91a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738"
        "393a434445464748494a535455565758595a636465666768696a737475767778797a"
        "838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9"
        "bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5"
        "f6f7f8f9fa"
    ),
)
ZIGZAG = sorted(range(64), key=lambda i: (s := i // 8 + i % 8, i // 8 if s % 2 else i % 8))
COSINES = np.array([[np.cos((2 * x + 1) * u * np.pi / 16) for x in range(8)] for u in range(8)])
COSINES[0] /= np.sqrt(2)


def codes(table):
    code, values, result = 0, iter(table[1]), {}
    for length, count in enumerate(table[0], 1):
        for _ in range(count):
            result[next(values)] = (code, length)
            code += 1
        code <<= 1
    return result


DC_CODES, AC_CODES = codes(DC), codes(AC)


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, length):
        if length:
            self.text.append(format(value, f"0{length}b"))

    def signed(self, value):
        size = int(abs(value)).bit_length()
        return size, value if value >= 0 else value + (1 << size) - 1

    def take(self):
        bits = "".join(self.text)
        self.text = []
        bits += "1" * (-len(bits) % 8)
        data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        return data.replace(b"\xff", b"\xff\x00")


def put_block(bits, block, step, last):
    values = np.round(COSINES @ (block - 128.0) @ COSINES.T / 4 / step).astype(int).reshape(-1)[ZIGZAG]
    size, code = bits.signed(values[0] - last)
    bits.put(*DC_CODES[size])
    bits.put(code, size)
    run = 0
    for value in values[1:]:
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.put(*AC_CODES[0xF0])
            run -= 16
        size, code = bits.signed(value)
        bits.put(*AC_CODES[run << 4 | size])
        bits.put(code, size)
        run = 0
    if run:
        bits.put(*AC_CODES[0])
    return values[0]


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def adobe(transform):
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def jfif(major=1, minor=1):
    return segment(0xE0, b"JFIF\0" + struct.pack(">BBBHHBB", major, minor, 0, 1, 1, 0, 0))


def shrunk(plane, down, across):
    height, width = plane.shape
    return plane.reshape(height // down, down, width // across, across).mean(axis=(1, 3))


def encode(
    planes, sampling, before=b"", ids=(1, 2, 3, 4), step=2, restart=0, separate=False, end=63,
    frame=0xC0, bits_a_sample=8,
):
    """Planes [height, width] in the file's own colours; sampling holds (across, down) for each.

    `before` stands behind SOI; `separate` writes a scan for each component; `end` is Se, `frame` the SOF.
    """
    height, width = planes[0].shape
    most_across, most_down = max(h for h, _ in sampling), max(v for _, v in sampling)
    unit = (8 * most_down, 8 * most_across)
    tall, wide = -(-height // unit[0]), -(-width // unit[1])
    padded = [
        np.pad(p, ((0, tall * unit[0] - height), (0, wide * unit[1] - width)), "edge").astype(float)
        for p in planes
    ]
    components = [shrunk(p, most_down // v, most_across // h) for p, (h, v) in zip(padded, sampling)]
    out = b"\xff\xd8" + before + segment(0xDB, b"\0" + bytes([step] * 64))
    out += segment(
        frame,
        struct.pack(">BHHB", bits_a_sample, height, width, len(planes))
        + b"".join(bytes([i, h << 4 | v, 0]) for i, (h, v) in zip(ids, sampling)),
    )
    out += segment(0xC4, b"\0" + bytes(DC[0]) + bytes(DC[1]))
    out += segment(0xC4, b"\x10" + bytes(AC[0]) + bytes(AC[1]))
    if restart:
        out += segment(0xDD, struct.pack(">H", restart))
    every = range(len(planes))
    for scan in [[c] for c in every] if separate else [list(every)]:
        out += segment(
            0xDA,
            bytes([len(scan)]) + b"".join(bytes([ids[c], 0]) for c in scan) + bytes([0, end, 0]),
        )
        out += scan_data(components, sampling, scan, tall, wide, (height, width), unit, step, restart)
    return out + b"\xff\xd9"


def scan_data(components, sampling, scan, tall, wide, size, unit, step, restart):
    bits, out, count = Bits(), b"", 0
    last = [0] * len(components)
    alone = scan[0] if len(scan) == 1 else None
    if alone is not None:
        # A component alone is not padded to whole units (A.2.2).
        h, v = sampling[alone]
        tall = -(-(-(-size[0] * v * 8 // unit[0])) // 8)
        wide = -(-(-(-size[1] * h * 8 // unit[1])) // 8)
    for row in range(tall):
        for column in range(wide):
            if restart and count and count % restart == 0:
                out += bits.take() + bytes([0xFF, 0xD0 + (count // restart - 1) % 8])
                last = [0] * len(components)
            count += 1
            for c in scan:
                h, v = (1, 1) if alone is not None else sampling[c]
                for y in range(v):
                    for x in range(h):
                        top, left = (row * v + y) * 8, (column * h + x) * 8
                        block = components[c][top : top + 8, left : left + 8]
                        last[c] = put_block(bits, block, step, last[c])
    return out + bits.take()
