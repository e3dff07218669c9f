"""WebDataset: tar shards of the same files, decoded by PIL or by torchvision (--variant pil | tensor)."""
import glob
import os

import torch
import webdataset as wds
from torchvision import io
from torchvision.transforms import v2

import common


def write_shards(data, folder):
    os.makedirs(folder + ".partial", exist_ok=True)
    with wds.ShardWriter(os.path.join(folder + ".partial", "%04d.tar"), maxcount=25, verbose=0) as out:
        for i, (path, label) in enumerate(common.files_of(data)):
            with open(path, "rb") as file:
                out.write({"__key__": f"{i:07d}", "jpg": file.read(), "cls": label})
    os.rename(folder + ".partial", folder)


def read(jpeg):
    return io.decode_image(torch.frombuffer(bytearray(jpeg), dtype=torch.uint8), mode=io.ImageReadMode.RGB)


def main():
    args = common.arguments()
    torch.set_num_threads(1)
    folder = os.path.join(args.work, "shards")
    if not os.path.exists(folder):
        write_shards(args.data, folder)
    shards = sorted(glob.glob(os.path.join(folder, "*.tar")))
    steps = [v2.RandomResizedCrop(common.SIDE, scale=common.SCALE, ratio=common.RATIO, antialias=True), v2.RandomHorizontalFlip()]
    data = wds.WebDataset(shards, shardshuffle=100).shuffle(1000)
    if args.variant == "tensor":
        view = v2.Compose([read, *steps])
    else:
        data = data.decode("pil")
        view = v2.Compose([*steps, v2.PILToTensor()])
    data = data.to_tuple("jpg", "cls").map_tuple(view, lambda label: label).batched(common.BATCH)
    loader = wds.WebLoader(data, batch_size=None, num_workers=args.workers, persistent_workers=True, prefetch_factor=4)

    def epoch():
        return sum(images.shape[0] for images, _ in loader)

    common.measure(epoch, args.seconds)


main()
