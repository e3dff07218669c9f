"""Makes geometry.txt: what torchvision's moves and augmentation sets make of photographs and patterns, for
tests/image/geometry_golden_test.cc.

    peers/bin/python tests/image/golden/make_geometry_golden.py DATA > tests/image/golden/geometry.txt

Packages, DATA and pictures as in make_augment_golden.py. A line is

    picture operation numbers crc32 samples

numbers, with commas between them: of affine-* angle, shift x, y, scale, shear x, y; of perspective-* the four corners that those of the
picture come to; of rand:* and trivial:* the bin and the sign. -nearest and -bilinear are the interpolation; sets are nearest. fill is
10, 200, 60. Samples as in augment.txt, 96 of them.
"""
import sys
import zlib

import numpy as np
import PIL
import torchvision
from make_augment_golden import pattern, photographs
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

FILL = [10, 200, 60]
SIZES = [(1, 1), (1, 9), (9, 1), (2, 2), (13, 17), (61, 47)]
AFFINE = [  # angle, shift, scale, shear
    (0, (0, 0), 1, (0, 0)),
    (90, (0, 0), 1, (0, 0)),
    (180, (0, 0), 1, (0, 0)),
    (-30, (0, 0), 1, (0, 0)),
    (0, (5, -3), 1, (0, 0)),
    (0, (0, 0), 0.6, (0, 0)),
    (0, (0, 0), 1.7, (0, 0)),
    (0, (0, 0), 1, (20, 0)),
    (0, (0, 0), 1, (-10, 15)),
    (17.3, (-7, 11), 1.13, (8.1, -4.4)),
    (-133.7, (2, 2), 0.31, (-33, 12)),
]
CORNERS = [  # shares of a side: top left, top right, bottom right, bottom left
    ((0.1, 0.05), (0.93, 0.14), (0.81, 0.97), (0.02, 0.88)),
    ((0.24, 0.2), (0.76, 0.02), (0.99, 0.78), (0.11, 0.8)),
    ((0, 0), (1, 0), (1, 1), (0, 1)),
    ((0.4, 0.35), (0.6, 0.3), (0.9, 0.95), (0.05, 0.7)),
]


def line(name, operation, numbers, changed):
    flat = np.asarray(changed).reshape(-1)
    assert flat.dtype == np.uint8
    count = min(96, flat.size)
    samples = flat[[i * flat.size // count for i in range(count)]]
    numbers = ",".join(f"{n:.17g}" for n in numbers)
    print(name, operation, numbers, f"{zlib.crc32(flat.tobytes()):08x}", samples.tobytes().hex())


def moves(name, picture):
    width, height = picture.size
    for mode in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        for angle, shift, scale, shear in AFFINE:
            changed = F.affine(picture, angle, list(shift), scale, list(shear), mode, FILL)
            line(name, f"affine-{mode.value}", [angle, *shift, scale, *shear], changed)
        if min(width, height) < 13:
            continue  # corners of so small a picture lie on a line
        for corners in CORNERS:
            ends = [[int(x * (width - 1)), int(y * (height - 1))] for x, y in corners]
            starts = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
            changed = F.perspective(picture, starts, ends, mode, FILL)
            line(name, f"perspective-{mode.value}", sum(ends, []), changed)


def sets(name, picture):
    width, height = picture.size
    spaces = {
        "rand": RandAugment()._augmentation_space(31, (height, width)),
        "trivial": TrivialAugmentWide()._augmentation_space(31),
    }
    for kind, space in spaces.items():
        for operation, (magnitudes, signed) in space.items():
            for bin in (0, 9, 17, 30) if magnitudes.ndim > 0 else (9,):
                magnitude = float(magnitudes[bin]) if magnitudes.ndim > 0 else 0.0
                for sign in (1, -1) if signed else (1,):
                    changed = _apply_op(picture, operation, sign * magnitude, InterpolationMode.NEAREST, FILL)
                    line(name, f"{kind}:{operation}", [bin, sign], changed)


def main():
    print(f"# torchvision {torchvision.__version__}, Pillow {PIL.__version__}")
    for width, height in SIZES:
        picture = pattern("wide", width, height)
        moves(f"wide:{width}x{height}", picture)
        if min(width, height) >= 13:
            sets(f"wide:{width}x{height}", picture)
    for i, (name, picture) in enumerate(photographs(sys.argv[1])):
        moves(name, picture)
        if i == 0:
            sets(name, picture)


if __name__ == "__main__":
    main()
