"""Makes augment.txt: what torchvision makes of photographs and patterns, for tests/image/augment_golden_test.cc.

    python -m venv peers && peers/bin/pip install torch==2.11.0 torchvision==0.26.0 pillow==11.3.0 numpy
    peers/bin/python tests/image/golden/make_augment_golden.py DATA > tests/image/golden/augment.txt

DATA is the folder of data sets. Photographs are Resize(256) and CenterCrop(224) of Image.open(f).convert("RGB"); patterns
(`wide:WxH`, `narrow:WxH`) are made by pattern() below. All go through torchvision.transforms.functional as PIL images. A line is

    picture operation argument crc32 samples

crc32 of the u8 pixels (h, w, 3); samples: up to 24 values (96 of the blur, which is not compared by crc32) at the places
i * size // count, in hex.
"""
import pathlib
import sys
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image
from torchvision.transforms import CenterCrop, Resize
from torchvision.transforms import functional as F

PHOTOGRAPHS = ["n01440764_tench", "n02951585_can_opener", "n03028079_church", "n07717410_acorn_squash"]
SIZES = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (13, 17), (61, 47)]
OPERATIONS = {
    "brightness": (F.adjust_brightness, [0.0, 0.6, 1.37]),
    "contrast": (F.adjust_contrast, [0.0, 0.6, 1.37]),
    "saturation": (F.adjust_saturation, [0.0, 0.6, 1.37]),
    "hue": (F.adjust_hue, [-0.5, -0.1, 0.0, 0.25]),
    "sharpness": (F.adjust_sharpness, [0.0, 0.6, 2.0]),
    "grayscale": (lambda p, _: F.to_grayscale(p, 3), [0]),
    "invert": (lambda p, _: F.invert(p), [0]),
    "posterise": (F.posterize, [1, 4, 8]),
    "solarise": (F.solarize, [0, 128, 256]),
    "equalise": (lambda p, _: F.equalize(p), [0]),
    "autocontrast": (lambda p, _: F.autocontrast(p), [0]),
    "blur3": (lambda p, sigma: F.gaussian_blur(p, [3, 3], [sigma, sigma]), [0.1, 0.8]),
    "blur23": (lambda p, sigma: F.gaussian_blur(p, [23, 23], [sigma, sigma]), [0.3, 1.7, 4.0]),
}


def pattern(kind, width, height):
    i = np.arange(width * height * 3, dtype=np.uint32)
    values = (i * i * 7 + i * 13 + (i >> 3) * 29 + (i >> 7) * 31) & 255
    if kind == "narrow":
        values = 90 + values % 40
    return Image.fromarray(values.astype(np.uint8).reshape(height, width, 3))


def lines(name, picture):
    for operation, (change, arguments) in OPERATIONS.items():
        blurs = operation.startswith("blur")
        if blurs and min(picture.size) <= int(operation[4:]) // 2:
            continue  # torchvision mirrors once only
        for argument in arguments:
            flat = np.asarray(change(picture, argument)).reshape(-1)
            assert flat.dtype == np.uint8
            count = min(96 if blurs else 24, flat.size)
            samples = flat[[i * flat.size // count for i in range(count)]]
            print(name, operation, argument, f"{zlib.crc32(flat.tobytes()):08x}", samples.tobytes().hex())


def photographs(data):
    for name in PHOTOGRAPHS:
        file = pathlib.Path(data) / "imagenet-sample" / f"{name}.JPEG"
        yield f"imagenet-sample/{file.name}", CenterCrop(224)(Resize(256)(Image.open(file).convert("RGB")))


def main():
    print(f"# torchvision {torchvision.__version__}, Pillow {PIL.__version__}")
    for kind in ("wide", "narrow"):
        for width, height in SIZES:
            lines(f"{kind}:{width}x{height}", pattern(kind, width, height))
    for name, picture in photographs(sys.argv[1]):
        lines(name, picture)


if __name__ == "__main__":
    main()
