"""torchvision: ImageFolder and DataLoader, on PIL images or on tensors (--variant pil | tensor)."""
import torch
from torchvision import io
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import common


def read(path):
    return io.decode_image(io.read_file(path), mode=io.ImageReadMode.RGB)


def main():
    args = common.arguments()
    torch.set_num_threads(1)
    steps = [v2.RandomResizedCrop(common.SIDE, scale=common.SCALE, ratio=common.RATIO, antialias=True), v2.RandomHorizontalFlip()]
    if args.variant == "tensor":
        data = ImageFolder(args.data, v2.Compose(steps), loader=read)
    else:
        data = ImageFolder(args.data, v2.Compose([*steps, v2.PILToTensor()]))
    loader = torch.utils.data.DataLoader(data, batch_size=common.BATCH, shuffle=True, num_workers=args.workers,
                                         persistent_workers=True, prefetch_factor=4)

    def epoch():
        return sum(images.shape[0] for images, _ in loader)

    common.measure(epoch, args.seconds)


main()
