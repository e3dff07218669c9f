#!/usr/bin/env python3
"""One network as TorchScript and as AOTInductor packages, for torch_test.sh:  make_packages.py FOLDER [PIXELS]"""
import copy
import sys

import torch
from torch.export import Dim, export


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.conv2 = torch.nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + x)


class Net(torch.nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 16, 7, stride=2, padding=3)
        self.block = Block(16)
        self.fc = torch.nn.Linear(16, classes)

    def forward(self, images):
        x = torch.max_pool2d(torch.relu(self.stem(images)), 3, 2, 1)
        return self.fc(self.block(x).mean((2, 3)))

    @torch.jit.export
    def raw(self, images):
        return self.forward(images)


class Both(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        logits = self.net(images)
        return logits, logits.softmax(1)


class Scaled(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images, scale):
        return self.net(images) * scale


def main(folder, pixels):
    torch.manual_seed(0)
    net = Net(3).eval()
    for norm in (net.block.bn1, net.block.bn2):  # as after training: no identity
        norm.running_mean.normal_(0, 0.2)
        norm.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        net.fc.weight.mul_(8)  # logits far apart: an error shows in the probabilities
    torch.jit.script(net).save(f"{folder}/net.pt")

    images = torch.randn(8, 3, pixels, pixels)
    batch = ({0: Dim("batch")},)

    def package(name, module, example, shapes=None, **configs):
        with torch.no_grad():
            program = export(module, example, dynamic_shapes=shapes)
            torch._inductor.aoti_compile_and_package(
                program, package_path=f"{folder}/{name}.pt2", inductor_configs=configs or None)

    package("dynamic", net, (images,), batch, **{"cpp.dynamic_threads": True})
    package("fixed", net, (images,))
    package("channels_last", net, (images.contiguous(memory_format=torch.channels_last),), batch)
    package("bf16", copy.deepcopy(net).bfloat16(), (images.bfloat16(),), batch)
    package("two_outputs", Both(net), (images,), batch)
    package("two_inputs", Scaled(net), (images, torch.ones(1)), (*batch, None))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 64)
