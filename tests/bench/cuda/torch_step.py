"""What a PyTorch loop reaches with the same network, batch and precision: data in the device's memory already. One JSON object.

    torch_step.py DEVICE NET BATCH SIDE [SECONDS] [eager | compile]

ResNet as torchvision's (He et al. 2015; stride on the 3 x 3 convolution), channels-last, bf16 autocast, fused SGD with momentum, label smoothing
0.1, u8 pixels normalised on the device: what step_rate does. torch alone is needed, no torchvision.
"""
import json
import sys
import time

import torch
from torch import nn


def conv(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, width, stride, bottleneck):
        super().__init__()
        outputs = width * (4 if bottleneck else 1)
        if bottleneck:
            layers = [conv(inputs, width, 1), nn.BatchNorm2d(width), nn.ReLU(True), conv(width, width, 3, stride),
                      nn.BatchNorm2d(width), nn.ReLU(True), conv(width, outputs, 1), nn.BatchNorm2d(outputs)]
        else:
            layers = [conv(inputs, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(True), conv(width, width, 3),
                      nn.BatchNorm2d(width)]
        self.body = nn.Sequential(*layers)
        self.skip = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        self.outputs = outputs

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet(name, classes=1000):
    depths = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}[name]
    layers, inputs = [conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, depth in enumerate(depths):
        for i in range(depth):
            block = Block(inputs, 64 << stage, 2 if stage > 0 and i == 0 else 1, name == "resnet50")
            layers.append(block)
            inputs = block.outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def main():
    device, name, batch, side = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    seconds = float(sys.argv[5]) if len(sys.argv) > 5 else 20.0
    mode = sys.argv[6] if len(sys.argv) > 6 else "eager"
    kind = device.split(":")[0]
    net = resnet(name).to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, fused=True)
    forward = torch.compile(net, mode="max-autotune") if mode == "compile" else net
    pixels = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8, device=device)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=device) * 37 % 1000
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1) * 255
    scale = 1 / (torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1) * 255)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)

    def step():
        with torch.autocast(kind, torch.bfloat16):
            loss = loss_of(forward((pixels - mean) * scale).float(), labels)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss

    for _ in range(5):  # what compiles and chooses is not measured
        step().item()
    began, rates = time.perf_counter(), []
    while time.perf_counter() < began + seconds or len(rates) < 3:
        then = time.perf_counter()
        for _ in range(10):
            loss = step()
        loss.item()
        rates.append(10 * batch / (time.perf_counter() - then))
    rates = sorted(rates[len(rates) // 4:])
    print(json.dumps({"images_per_second": round(rates[len(rates) // 2], 1), "least": round(rates[0], 1),
                      "most": round(rates[-1], 1), "rounds": len(rates), "device": device, "mode": mode}))


main()
