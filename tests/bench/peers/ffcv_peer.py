"""FFCV: its own file of JPEGs at quality 90, decoded by crops."""
import os

import numpy as np
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.decoders import IntDecoder
from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import RandomHorizontalFlip
from ffcv.writer import DatasetWriter
from PIL import Image

import common


class Files:
    def __init__(self, data):
        self.files = common.files_of(data)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        path, label = self.files[i]
        return np.asarray(Image.open(path).convert("RGB")), label


def main():
    args = common.arguments()
    beton = os.path.join(args.work, "q90.beton")
    if not os.path.exists(beton):
        fields = {"image": RGBImageField(write_mode="jpg", jpeg_quality=90), "label": IntField()}
        DatasetWriter(beton + ".partial", fields, num_workers=2).from_indexed_dataset(Files(args.data))
        os.rename(beton + ".partial", beton)
    decoder = RandomResizedCropRGBImageDecoder((common.SIDE, common.SIDE), scale=common.SCALE, ratio=common.RATIO)
    loader = Loader(beton, batch_size=common.BATCH, num_workers=args.workers, order=OrderOption.RANDOM, os_cache=True,
                    drop_last=False, pipelines={"image": [decoder, RandomHorizontalFlip()], "label": [IntDecoder()]})

    def epoch():
        return sum(images.shape[0] for images, _ in loader)

    common.measure(epoch, args.seconds)


main()
