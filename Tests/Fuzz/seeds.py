"""Writes first inputs for each target of the fuzzer: seeds.py FOLDER"""
import base64
import gzip
import json
import os
import struct
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, '..', '..', 'config', 'models')


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height, depth, colour, *extra, interlaced=0):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b'\0' + bytes(range(1, 1 + (width * channels * depth + 7) // 8))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, interlaced))
            + b''.join(extra) + chunk(b'IDAT', zlib.compress(row * height)) + chunk(b'IEND', b''))


def read(path):
    with open(os.path.join(MODELS, path), 'rb') as file:
        return file.read()


def exif(orientation, order='>'):
    mark = b'MM\0*' if order == '>' else b'II*\0'
    return mark + struct.pack(order + 'IHHHIHHI', 8, 1, 0x112, 3, 1, orientation, 0, 0)


def pictures():
    palette = chunk(b'PLTE', bytes(range(48)))
    yield from (png(5, 3, depth, 0) for depth in (1, 2, 4, 8, 16))
    yield from (png(3, 4, 8, colour) for colour in (2, 4, 6))
    yield png(4, 4, 4, 3, palette)
    yield png(4, 4, 8, 3, palette, chunk(b'tRNS', bytes(16)))
    yield png(4, 4, 8, 2, chunk(b'tRNS', bytes(6)))
    yield png(9, 9, 8, 0, interlaced=1)
    yield from (png(3, 4, 8, 2, chunk(b'eXIf', exif(turn, order))) for turn in (3, 6, 9) for order in '<>')
    # 8 × 8 grey, made by hand: the standard's luminance tables cut down to one code each.
    table = bytes([1] + [0] * 15) + b'\0'
    jpeg = (b'\xff\xd8\xff\xdb\0\x43\0' + bytes([1] * 64) + b'\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0'
            + b'\xff\xc4\0\x14\0' + table + b'\xff\xc4\0\x14\x10' + table + b'\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9')
    yield jpeg
    for turn in (2, 8):
        segment = b'Exif\0\0' + exif(turn, '<')
        yield jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(segment) + 2) + segment + jpeg[2:]
    yield read('fashion/examples/shirt.png')
    yield b'GIF89a'


def multipart(content=b'abc', boundary=b'XX'):
    yield (b'multipart/form-data; boundary=XX\n--XX\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
           b'Content-Type: image/png\r\n\r\n' + content + b'\r\n--XX--\r\n')
    yield b'multipart/form-data; boundary="a b"; charset=utf-8\n\r\n--a b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n--a b--'
    yield b'x\n--XX\r\nContent-Disposition: form-data; name="\\"q\\""\r\n\r\n1\r\n--XX\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n--XX--'


def texts():
    yield b'[1, -2.5e-3, 0.1234567, 12345678.87654321, 1e38, 3.4028236e38, 1e-45]'
    yield b'[[[1,2],[3,4]],[[5,6],[7,8]]]'
    yield b'{"a": [true, false, null, "\\u00e9\\ud83d\\ude00\\n"], "b": {"c": -0.0, "d": 18446744073709551615}}'
    yield b'[0,1,255,-128,127.0,1e2,9007199254740993]'
    yield b'"\xc3\xa9\xf0\x9f\x98\x80"'
    yield b'[' * 70


def arrays():
    header = b"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }"
    yield b'\0\x93NUMPY\1\0' + struct.pack('<H', len(header)) + header + struct.pack('<4f', 1, 2, 3, 4)
    header = header.replace(b'<f4', b'>i2').replace(b'True', b'False')
    yield b'\0\x93NUMPY\3\0' + struct.pack('<I', len(header)) + header + bytes(8)
    yield b'\1a,b\n1,2.5\n-3,4e1\n'
    yield b'\2' + base64.b64encode(b'abcdefg')
    yield b'\3\0\0\x08\2\0\0\0\2\0\0\0\2abcd'
    yield b'\4' + gzip.compress(b'abc' * 50)


def bodies():
    """In the order of the table in BodyFuzzing.swift."""
    five = read('lenet/examples/five.png')
    image = json.dumps({'image': base64.b64encode(five).decode()}).encode()
    form = (b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + five + b'\r\n--XX--\r\n')
    steps = [[0.5] * 12] * 7

    def infer(name, shape, **more):
        count = 1
        for length in shape:
            count *= length
        tensor = {'name': name, 'shape': shape, 'datatype': 'FP32', 'data': [0.25] * count, **more}
        return json.dumps({'id': 'a', 'inputs': [tensor], 'outputs': [{'name': 'x', 'parameters': {'classification': 2}}]}).encode()

    binary = json.dumps({'inputs': [{'name': 'input', 'shape': [1, 2], 'datatype': 'FP32',
                                     'parameters': {'binary_data_size': 8}}]}).encode()
    instances = json.dumps({'signature_name': 'serving_default', 'instances': [{'b64': 'AAAA'}, [[1, 2], [3, 4]]]}).encode()
    return [
        image, form, five, json.dumps({'pixels': [[0, 128], [255, 3.5]]}).encode(), b'{"text":"(())"}', b'(()())',
        json.dumps({'series': steps}).encode(), b'0.1,0.2\n0.3,0.4\n', b'{"steps":5}', b'{"tree":["max",2,["min",3,4]]}',
        b'{"text":"wiedersehen"}', infer('input', [1, 1, 28, 28]), struct.pack('<784f', *[0.5] * 784), binary.ljust(100) + bytes(8),
        binary.ljust(200) + bytes(8), infer('tokens', [1, 4], datatype='INT64', data=[0, 0, 1, 1]), infer('steps', [1]),
        infer('series', [1, 12, 7]), binary.ljust(150) + bytes(8), b'{"ready":true}', instances,
        b'{"examples":[{"x":[1.0]}],"context":{}}', b'{"inputs":{"series":[[[1,2],[3,4]]]}}', instances,
    ]


def write(folder, target, inputs):
    place = os.path.join(folder, target)
    os.makedirs(place, exist_ok=True)
    for number, data in enumerate(inputs):
        with open(os.path.join(place, f'seed-{number:03}'), 'wb') as file:
            file.write(data)


def main():
    folder = sys.argv[1]
    write(folder, 'pictures', pictures())
    write(folder, 'multipart', multipart())
    write(folder, 'json', texts())
    write(folder, 'arrays', arrays())
    write(folder, 'bodies', (bytes([number]) + body for number, body in enumerate(bodies())))
    subprocess.run([sys.executable, '-I', os.path.join(HERE, '..', 'Conformance', 'conformance.py'), '--seeds',
                    os.path.join(folder, 'requests')], check=True)


main()
