"""Makes torchvision.txt: what torchvision and Pillow see in real photographs, for tests/image/golden_test.cc.

    python -m venv peers && peers/bin/pip install torch==2.11.0 torchvision==0.26.0 pillow==11.3.0 numpy
    peers/bin/python tests/image/golden/make_golden.py DATA > tests/image/golden/torchvision.txt

Pillow up to 12 resizes rows first and columns second, always, and so does Penstock; Pillow 13 sometimes turns the order
round where that is cheaper, which changes the rounding (mean difference 0.3 of 255 at most).

DATA is the folder of data sets. The pictures are opened as torchvision's ImageFolder does (Image.open(f).convert("RGB"))
and go through torchvision.transforms on PIL images with antialiasing, its default. A line is

    file view height width crop(x y w h) mean_r mean_g mean_b crc32 samples

Means over all pixels; crc32 of the u8 pixels (h, w, 3), to see whether ours are equal; samples: 96 pixel values at the
places i * (h * w * 3) // 96, in hex, for the mean difference where they are not. Views: `crop` (`bicubic`, `area`: Pillow's BOX) is resized_crop of the
box, `center` Resize(round(size / 0.875)) + CenterCrop(size), `resize` Resize((h, w)), `turned` the same after
ImageOps.exif_transpose.
"""
import pathlib
import random
import sys
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image, ImageOps, features
from torchvision.transforms import CenterCrop, InterpolationMode, Resize
from torchvision.transforms import functional as F

SAMPLES = 96


def line(name, view, box, picture):
    pixels = np.asarray(picture)
    assert pixels.dtype == np.uint8 and pixels.ndim == 3
    flat = pixels.reshape(-1)
    samples = flat[[i * flat.size // SAMPLES for i in range(SAMPLES)]]
    means = " ".join(f"{m:.4f}" for m in pixels.reshape(-1, 3).mean(axis=0))
    print(name, view, pixels.shape[0], pixels.shape[1], *box, means, f"{zlib.crc32(pixels.tobytes()):08x}",
          samples.tobytes().hex())


def main():
    data = pathlib.Path(sys.argv[1])
    print(f"# torchvision {torchvision.__version__}, Pillow {PIL.__version__}, libjpeg-turbo",
          features.version("libjpeg_turbo"))
    draw = random.Random(3)
    files = sorted((data / "imagenet-sample").glob("*.JPEG"))
    files = files[::4] + [f for f in files if f.name.startswith("n02951585")]
    for folder in ("cmyk", "progressive", "grayscale", "png-kinds", "png-named-jpeg", "exif-orientation"):
        files += sorted((data / "odd-photos" / folder).iterdir())
    for file in files:
        name = file.relative_to(data).as_posix()
        opened = Image.open(file)
        if opened.mode == "I;16":
            continue  # Pillow clips 16-bit grey at 255 instead of scaling it
        turned = ImageOps.exif_transpose(opened).convert("RGB")
        picture = Image.open(file).convert("RGB")
        whole = (0, 0, picture.width, picture.height)
        w, h = draw.randint(1, picture.width), draw.randint(1, picture.height)
        x, y = draw.randint(0, picture.width - w), draw.randint(0, picture.height - h)
        line(name, "crop", (x, y, w, h), F.resized_crop(picture, y, x, h, w, [224, 224]))
        line(name, "center", whole, CenterCrop(224)(Resize(256)(picture)))
        line(name, "resize", whole, Resize((96, 128))(picture))
        line(name, "bicubic", (x, y, w, h), F.resized_crop(picture, y, x, h, w, [160, 112], InterpolationMode.BICUBIC))
        line(name, "area", (x, y, w, h), F.resized_crop(picture, y, x, h, w, [160, 112], InterpolationMode.BOX))
        if "orientation" in name:
            line(name, "turned", whole, Resize((96, 128))(turned))


main()
