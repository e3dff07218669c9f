"""SPDL: threads around FFmpeg, which decodes, crops, scales and mirrors."""
import math
import random

import spdl.io
from spdl.pipeline import PipelineBuilder

import common


ONE_THREAD = spdl.io.decode_config(decoder_options={"threads": "1"})


def crop_of(width, height):
    """torchvision's RandomResizedCrop.get_params."""
    low, high = math.log(common.RATIO[0]), math.log(common.RATIO[1])
    for _ in range(10):
        area = width * height * random.uniform(*common.SCALE)
        ratio = math.exp(random.uniform(low, high))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, width - w), random.randint(0, height - h), w, h
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side


def load(item):
    path, label = item
    packets = spdl.io.demux_image(path)
    x, y, w, h = crop_of(packets.width, packets.height)
    flip = "hflip," if random.random() < 0.5 else ""
    steps = f"crop={w}:{h}:{x}:{y}:exact=1,scale={common.SIDE}:{common.SIDE}:flags=bilinear,{flip}format=pix_fmts=rgb24"
    return spdl.io.decode_packets(packets, filter_desc=steps, decode_config=ONE_THREAD), label


def batch(items):
    frames = [frame for frame, _ in items]
    return spdl.io.to_numpy(spdl.io.convert_frames(frames)), [label for _, label in items]


def main():
    args = common.arguments()
    files = common.files_of(args.data)

    def epoch():
        random.shuffle(files)
        pipeline = (PipelineBuilder().add_source(files).pipe(load, concurrency=args.workers).aggregate(common.BATCH)
                    .pipe(batch, concurrency=1).add_sink(4).build(num_threads=args.workers + 1))
        with pipeline.auto_stop():
            return sum(images.shape[0] for images, _ in pipeline.get_iterator(timeout=60))

    common.measure(epoch, args.seconds)


main()
