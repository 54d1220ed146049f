"""Writes opencv.json: random pictures and what OpenCV (pip install opencv-python-headless==5.0.0.93) makes of them."""

import base64
import json
import pathlib

import cv2
import numpy

FILTERS = {"opencv-nearest": cv2.INTER_NEAREST, "opencv-bilinear": cv2.INTER_LINEAR, "opencv-area": cv2.INTER_AREA}


def picture(samples):
    height, width, channels = samples.shape
    return {"width": width, "height": height, "channels": channels, "samples": base64.b64encode(samples.tobytes()).decode()}


def resized(image, width, height, filter):
    return cv2.resize(image, (width, height), interpolation=FILTERS[filter]).reshape(height, width, image.shape[2])


random = numpy.random.default_rng(16)
cases = []
for number in range(40):
    width, height = (int(side) for side in random.integers(1, 34, 2))
    channels = (1, 3)[number % 2]
    size = tuple(int(side) for side in random.integers(1, 34, 2))
    if number % 8 == 5:  # Whole scales have ways of their own.
        size = (max(1, width // 2), max(1, height // 2))
        width, height = 2 * size[0], 2 * size[1]
    if number % 8 == 7:
        width, height = 3 * size[0], 4 * size[1]
        while width * height > 2000:
            size = (max(1, size[0] // 2), max(1, size[1] // 2))
            width, height = 3 * size[0], 4 * size[1]
    image = random.integers(0, 256, (height, width, channels), dtype=numpy.uint8)
    for filter in FILTERS:
        cases.append({"filter": filter, "mode": "stretch", "output": picture(resized(image, *size, filter))})
    cases[-3]["input"] = picture(image)  # The next cases' too.
    if number % 4 == 3:  # The shorter side scaled, the middle cut out.
        side = int(random.integers(4, 24))
        wanted = max(1, side - 3)
        short = min(width, height)
        whole = [side if length == short else int(side * length / short) for length in (width, height)]
        left, top = (round((length - wanted) / 2) for length in whole)
        if max(whole) > 150:
            continue
        for filter in FILTERS:
            cut = resized(image, *whole, filter)[top : top + wanted, left : left + wanted]
            cases.append({"filter": filter, "mode": f"cut {side}", "output": picture(cut)})
out = pathlib.Path(__file__).with_name("opencv.json")
out.write_text(json.dumps(cases, indent=0) + "\n")
print(len(cases), out.stat().st_size)
