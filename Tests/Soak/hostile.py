"""Writes a small PNG file of very many pixels, 6300x6300 of 16-bit RGB and alpha, to standard output.

python3 hostile.py 0   row by row
python3 hostile.py 1   interlaced
"""

import struct
import sys
import zlib

SIDE, PIXEL = 6300, 8
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    interlaced = int(sys.argv[1])
    packer = zlib.compressobj(9)
    data = b""
    for x, y, across, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        width, height = -(-(SIDE - x) // across), -(-(SIDE - y) // down)
        row = bytes(1 + width * PIXEL)
        for _ in range(height):
            data += packer.compress(row)
    data += packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 6, 0, 0, interlaced)
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND")
    sys.stdout.buffer.write(out)


main()
